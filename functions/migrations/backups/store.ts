import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { DeleteObjectCommand, GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { s3 } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { BackupDamaged } from '../errors.ts';
import { upload } from './upload.ts';

/** Where the rows of one RowBackup of one migration are kept. */
export interface BackupPlace {
  bucket: string;
  migration: string;
  /** RowBackup.id. */
  backup: string;
}

/** One object: gzip of COPY text rows. `sha256` (hex) and `bytes` are of the object as stored. */
export const BackupPart = z.strictObject({
  key: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BackupPart = z.infer<typeof BackupPart>;

/** Written last: a backup without it is not whole. */
export const BackupManifest = z.strictObject({
  formatVersion: z.literal(1),
  migration: z.string(),
  backup: z.string(),
  table: z.strictObject({ schema: z.string(), name: z.string() }),
  /** The columns of every line, in order. */
  columns: z.array(z.string()),
  /** Their types in the same order; backups of earlier versions lack them. */
  types: z.array(z.string()).optional(),
  createdAt: z.iso.datetime(),
  rows: z.int().min(0),
  parts: z.array(BackupPart),
});
export type BackupManifest = z.infer<typeof BackupManifest>;

/** Where in its bucket a backup lies. */
export const backupFolder = (place: BackupPlace): string => `backups/${place.migration}/${place.backup}`;
const manifestKey = (place: BackupPlace): string => `${backupFolder(place)}/manifest.json`;

/** In COPY's text format a line break within a value is written as \\n, so every real one ends a row. */
export function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}

/**
 * Compresses the rows of one range, COPY's text format, into the object `<part>.copy.gz`. Memory stays at some MiB
 * however many rows come. Storing the same part again replaces it.
 */
export async function storePart(
  place: BackupPlace,
  part: string,
  rows: Readable,
  signal: AbortSignal,
): Promise<BackupPart> {
  const key = `${backupFolder(place)}/${part}.copy.gz`;
  const sha256 = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  async function* counted(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      lines += linesIn(chunk);
      yield chunk;
    }
  }
  async function* hashed(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      bytes += chunk.length;
      sha256.update(chunk);
      yield chunk;
    }
  }
  const send = (body: AsyncIterable<Buffer>) => upload(place.bucket, key, body, signal);
  await pipeline(rows, counted, createGzip(), hashed, send, { signal });
  return { key, rows: lines, bytes, sha256: sha256.digest('hex') };
}

/** Declares the backup whole. */
export async function writeManifest(
  place: BackupPlace,
  facts: Pick<BackupManifest, 'table' | 'columns' | 'types' | 'parts'>,
): Promise<BackupManifest> {
  const manifest: BackupManifest = {
    formatVersion: 1,
    migration: place.migration,
    backup: place.backup,
    table: { schema: facts.table.schema, name: facts.table.name },
    columns: facts.columns,
    ...(facts.types === undefined ? {} : { types: facts.types }),
    createdAt: clock.iso(),
    rows: facts.parts.reduce((sum, part) => sum + part.rows, 0),
    parts: facts.parts,
  };
  await s3().send(
    new PutObjectCommand({
      Bucket: place.bucket,
      Key: manifestKey(place),
      Body: JSON.stringify(manifest, null, 2),
      ContentType: 'application/json',
    }),
  );
  return manifest;
}

/** @throws NotFound when there is no whole backup here. */
export async function readManifest(place: BackupPlace): Promise<BackupManifest> {
  try {
    const found = await s3().send(new GetObjectCommand({ Bucket: place.bucket, Key: manifestKey(place) }));
    return BackupManifest.parse(JSON.parse((await found.Body?.transformToString()) ?? ''));
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new NotFound(`There is no whole backup ${place.backup} of migration ${place.migration}`, {
      cause: error,
      evidence: { ...place },
      action: 'List those there are with `theseus backup list`.',
    });
  }
}

/**
 * The rows of a part as they were exported. Fails with BackupDamaged, at its end at the latest, when the object is not
 * the one that was stored, so its reader must be ready to take everything back.
 */
export async function* openPart(
  place: BackupPlace,
  part: BackupPart,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const found = await s3()
    .send(new GetObjectCommand({ Bucket: place.bucket, Key: part.key }), { abortSignal: signal })
    .catch((error: unknown) => {
      throw error instanceof NoSuchKey ? damaged(part, 'it is gone') : error;
    });
  if (!(found.Body instanceof Readable)) throw damaged(part, 'it has no content');
  const sha256 = createHash('sha256');
  async function* checked(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      sha256.update(chunk);
      yield chunk;
    }
    if (sha256.digest('hex') !== part.sha256) throw damaged(part, 'its bytes are not those that were stored');
  }
  const rows = createGunzip();
  const fed = pipeline(found.Body, checked, rows, { signal });
  // Its failure arrives through `rows` too; without a handler of its own it would end the process.
  fed.catch(() => undefined);
  try {
    yield* rows;
    await fed;
  } catch (error) {
    const isZlib = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
    throw isZlib ? damaged(part, 'it is not a whole gzip file') : error;
  }
}

/** What cannot be restored, and why. */
export function damaged(part: BackupPart, why: string): BackupDamaged {
  return new BackupDamaged(`The backup ${part.key} cannot be restored: ${why}.`, {
    evidence: { key: part.key, sha256: part.sha256, rows: part.rows },
    action: 'Restore an earlier version of the object if the bucket keeps versions.',
  });
}

/**
 * Deletes every object of a backup, its manifest last: cut off, the next run finds what is left. Nothing to delete is
 * no error.
 */
export async function deleteRows(place: BackupPlace, signal: AbortSignal): Promise<void> {
  const manifest = await readManifest(place).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  if (manifest === undefined) return;
  for (const Key of [...manifest.parts.map(({ key }) => key), manifestKey(place)]) {
    await s3().send(new DeleteObjectCommand({ Bucket: place.bucket, Key }), { abortSignal: signal });
  }
}
