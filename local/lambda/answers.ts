import { InvalidParameterValueException, PreconditionFailedException } from '@aws-sdk/client-lambda';

export type Answer<T> = Promise<Omit<T, '$metadata'>>;

export const failure = { $metadata: {} };
/** The version that is not published yet. */
export const latest = '$LATEST';

export const invalid = (message: string) => new InvalidParameterValueException({ ...failure, message });

export const staleRevision = () =>
  new PreconditionFailedException({
    ...failure,
    message:
      'The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId',
  });
