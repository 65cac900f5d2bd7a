import { NoSuchBucket, NoSuchKey, NoSuchUpload, NotFound, S3ServiceException } from '@aws-sdk/client-s3';

const metadata = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

/** An error of S3 that the SDK has no class for, known by its name and status. */
export function s3Failure(name: string, status: number, message: string): S3ServiceException {
  return new S3ServiceException({
    name,
    message,
    $fault: status < 500 ? 'client' : 'server',
    ...metadata(status),
  });
}

export const noSuchBucket = (bucket: string) =>
  new NoSuchBucket({ ...metadata(404), message: `The specified bucket does not exist: ${bucket}` });
export const noSuchKey = (key: string) =>
  new NoSuchKey({ ...metadata(404), message: `The specified key does not exist: ${key}` });
export const noSuchUpload = () =>
  new NoSuchUpload({
    ...metadata(404),
    message: 'The specified upload does not exist: it was completed or aborted.',
  });
export const notFound = () => new NotFound({ ...metadata(404), message: 'NotFound' });
export const preconditionFailed = (condition: string) =>
  s3Failure('PreconditionFailed', 412, `The precondition ${condition} did not hold.`);
