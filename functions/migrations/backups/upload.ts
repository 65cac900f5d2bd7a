import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { s3 } from '#platform/clients.ts';

/** S3 takes parts of at least 5 MiB and at most 10,000 of them: 80 GB an object. */
const PART_BYTES = 8 * 1024 * 1024;

/** Stores a stream of unknown length as one object: whole or not at all. */
export async function upload(
  bucket: string,
  key: string,
  body: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const place = { Bucket: bucket, Key: key };
  const call = { abortSignal: signal };
  let uploadId: string | undefined;
  const sent: { PartNumber: number; ETag: string | undefined }[] = [];
  const send = async (Body: Buffer) => {
    uploadId ??= (await s3().send(new CreateMultipartUploadCommand(place), call)).UploadId;
    const PartNumber = sent.length + 1;
    const part = { ...place, UploadId: uploadId, PartNumber, Body };
    const { ETag } = await s3().send(new UploadPartCommand(part), call);
    sent.push({ PartNumber, ETag });
  };
  try {
    let held: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      held.push(chunk);
      bytes += chunk.length;
      if (bytes < PART_BYTES) continue;
      await send(Buffer.concat(held));
      held = [];
      bytes = 0;
    }
    const rest = Buffer.concat(held);
    if (uploadId === undefined) {
      await s3().send(new PutObjectCommand({ ...place, Body: rest }), call);
      return;
    }
    if (rest.length > 0) await send(rest);
    const whole = { ...place, UploadId: uploadId, MultipartUpload: { Parts: sent } };
    await s3().send(new CompleteMultipartUploadCommand(whole), call);
  } catch (error) {
    // Without this S3 keeps, and charges for, the parts; should it fail too, the bucket's lifecycle rule removes them.
    if (uploadId !== undefined) {
      await s3()
        .send(new AbortMultipartUploadCommand({ ...place, UploadId: uploadId }))
        .catch(() => undefined);
    }
    throw error;
  }
}
