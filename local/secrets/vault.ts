import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isUnfinished, writeDurably } from '../durable-file.ts';

const version = z.strictObject({
  id: z.string(),
  stages: z.array(z.string()),
  /** Epoch milliseconds. */
  created: z.number(),
  kind: z.enum(['string', 'binary']),
  /** Nonce (12 bytes), tag (16 bytes) and ciphertext, base64. */
  sealed: z.string(),
});

export const secretRecord = z.strictObject({
  file: z.string(),
  arn: z.string(),
  name: z.string(),
  description: z.string().optional(),
  tags: z.array(z.object({ Key: z.string().optional(), Value: z.string().optional() })),
  created: z.number(),
  changed: z.number(),
  /** Epoch milliseconds after which it is gone for good. */
  deleteAfter: z.number().optional(),
  versions: z.array(version),
});

export type SecretRecord = z.infer<typeof secretRecord>;
export type SecretVersion = z.infer<typeof version>;

const NONCE = 12;
const TAG = 16;

/**
 * The secrets of a directory: one file each, mode 0600, the values sealed with AES-256-GCM by the key in `key` beside
 * them. A value is bound to its secret and version, so that files cannot be exchanged for one another.
 */
export function openVault(directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const keyFile = join(directory, 'key');
  const names = readdirSync(directory).filter((name) => name.endsWith('.json') && !isUnfinished(name));
  if (!existsSync(keyFile)) {
    if (names.length > 0) {
      throw new Error(
        `${keyFile} is missing, without which the ${names.length} secrets beside it cannot be read; put it back or remove ${directory}.`,
      );
    }
    writeFileSync(keyFile, randomBytes(32), { mode: 0o600, flag: 'wx' });
  }
  const key = readFileSync(keyFile);
  if (key.length !== 32) throw new Error(`${keyFile} has ${key.length} bytes, expected 32.`);

  const records = new Map<string, SecretRecord>();
  for (const name of names) {
    const record = secretRecord.parse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
    records.set(record.name, record);
  }

  return {
    records,
    async save(record: SecretRecord): Promise<void> {
      await writeDurably(join(directory, record.file), JSON.stringify(record));
      records.set(record.name, record);
    },
    remove(record: SecretRecord): void {
      rmSync(join(directory, record.file), { force: true });
      records.delete(record.name);
    },
    seal(arn: string, versionId: string, value: Uint8Array): string {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(`${arn} ${versionId}`));
      const sealed = Buffer.concat([cipher.update(value), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    /** @throws Error when the file was changed or belongs to another key. */
    open(arn: string, { id, sealed }: SecretVersion): Buffer {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG })
        .setAAD(Buffer.from(`${arn} ${id}`))
        .setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]);
    },
  };
}
