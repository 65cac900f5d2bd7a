import { DeleteObjectCommand, GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from './clients.ts';
import { environmentVariable } from './environment.ts';
import { NotFound } from './errors.ts';

// What is too large for a capability's table. Keys are built in the capability's own artifacts.ts.

export const artifactsBucket = (): string => environmentVariable('ARTIFACTS_BUCKET');

export async function writeArtifact(key: string, body: string, contentType: string): Promise<void> {
  await s3().send(
    new PutObjectCommand({ Bucket: artifactsBucket(), Key: key, Body: body, ContentType: contentType }),
  );
}

/** Throws NotFound when there is no such object. */
export async function readArtifact(key: string): Promise<string> {
  try {
    const found = await s3().send(new GetObjectCommand({ Bucket: artifactsBucket(), Key: key }));
    return (await found.Body?.transformToString()) ?? '';
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new NotFound(`The object ${key} is missing from the artifacts bucket`, {
      evidence: { key },
      action: 'Restore an earlier version of the object if the bucket keeps versions.',
      cause: error,
    });
  }
}

/** Deletes an object; one that is not there is deleted. A bucket that keeps versions keeps this one. */
export async function deleteArtifact(key: string): Promise<void> {
  await s3().send(new DeleteObjectCommand({ Bucket: artifactsBucket(), Key: key }));
}
