import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { NotFound } from '#platform/errors.ts';

/** What is too large for the table. Every key of the bucket is built here; what stands under a hash never changes. */
export const artifactKeys = {
  description: (api: string, hash: string) => `apis/${api}/descriptions/${hash}`,
  served: (api: string, hash: string, validated: boolean) =>
    `apis/${api}/served/${hash}${validated ? '-validated' : ''}.json`,
  subgraph: (api: string, hash: string) => `apis/${api}/subgraphs/${hash}`,
  supergraph: (api: string, hash: string) => `apis/${api}/supergraphs/${hash}`,
  changes: (api: string, hash: string) => `apis/${api}/changes/${hash}.json`,
  /** Everything below `uploads/` is forgotten after a day. */
  upload: (api: string, id: string) => `uploads/apis/${api}/${id}`,
};

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
