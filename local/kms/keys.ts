import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isUnfinished, writeDurably } from '../durable-file.ts';
import { ACCOUNT, REGION } from '../step-functions/arns.ts';

export const rotation = z.strictObject({
  /** Epoch milliseconds. */
  at: z.number(),
  kind: z.enum(['AUTOMATIC', 'ON_DEMAND']),
});

export const keyRecord = z.strictObject({
  id: z.uuid(),
  alias: z.string().optional(),
  description: z.string(),
  tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
  /** Epoch milliseconds. */
  created: z.number(),
  enabled: z.boolean(),
  /** Days between automatic rotations; absent when there are none. */
  rotatesEvery: z.int().optional(),
  /** Epoch milliseconds from which the next automatic rotation is counted. */
  rotatesFrom: z.number(),
  rotations: z.array(rotation),
  /** 32 bytes each, base64; the last one encrypts, all of them decrypt. */
  materials: z.array(z.strictObject({ id: z.uuid(), bytes: z.base64() })).min(1),
});
export type KeyRecord = z.infer<typeof keyRecord>;
export type EncryptionContext = Readonly<Record<string, string>>;

export const keyArn = (id: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;

export const newMaterial = () => ({ id: randomUUID(), bytes: randomBytes(32).toString('base64') });

/** The keys of a folder, one file each that only its owner may read: it holds the key itself. */
export function openKeys(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const records = new Map<string, KeyRecord>();
  for (const name of readdirSync(folder)) {
    if (isUnfinished(name)) rmSync(join(folder, name), { force: true });
    else if (name.endsWith('.json')) {
      const record = keyRecord.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      records.set(record.id, record);
    }
  }
  return {
    all: (): KeyRecord[] => [...records.values()],
    /** By id, ARN, `alias/…` or the ARN of an alias. */
    find(identifier: string): KeyRecord | undefined {
      const name = identifier.replace(/^arn:aws:kms:[^:]*:\d*:(key\/)?/, '');
      return (
        records.get(name) ?? [...records.values()].find(({ alias }) => alias !== undefined && alias === name)
      );
    },
    async save(record: KeyRecord): Promise<void> {
      await writeDurably(join(folder, `${record.id}.json`), JSON.stringify(record));
      records.set(record.id, record);
    },
  };
}
export type Keys = ReturnType<typeof openKeys>;

// A ciphertext: format, id of the key, id of the material, nonce, tag, what is encrypted.
const FORMAT = 1;
const ID = 16;
const NONCE = 12;
const TAG = 16;
const HEAD = 1 + ID + ID;

const bytesOfId = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex');
const idOfBytes = (bytes: Buffer) =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** What a ciphertext is bound to: where it says it comes from, and the context, whose order does not count. */
function boundTo(head: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([head, Buffer.from(JSON.stringify(pairs))]);
}

export function encrypt(key: KeyRecord, plaintext: Uint8Array, context: EncryptionContext): Buffer {
  const material = key.materials.at(-1);
  if (material === undefined) throw new Error(`The key ${key.id} has no material`);
  const head = Buffer.concat([Buffer.from([FORMAT]), bytesOfId(key.id), bytesOfId(material.id)]);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(material.bytes, 'base64'), nonce).setAAD(
    boundTo(head, context),
  );
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), sealed]);
}

/** The id of the key that a ciphertext says it was made with; undefined when it is none of ours. */
export function keyIdOf(ciphertext: Buffer): string | undefined {
  if (ciphertext.length < HEAD + NONCE + TAG || ciphertext[0] !== FORMAT) return undefined;
  return idOfBytes(ciphertext.subarray(1, 1 + ID));
}

/** Undefined when it was changed, or made with another context or a material that the key does not have. */
export function decrypt(key: KeyRecord, ciphertext: Buffer, context: EncryptionContext): Buffer | undefined {
  const head = ciphertext.subarray(0, HEAD);
  const id = idOfBytes(head.subarray(1 + ID));
  const material = key.materials.find((one) => one.id === id);
  if (material === undefined) return undefined;
  const nonce = ciphertext.subarray(HEAD, HEAD + NONCE);
  const tag = ciphertext.subarray(HEAD + NONCE, HEAD + NONCE + TAG);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(material.bytes, 'base64'), nonce, {
    authTagLength: TAG,
  })
    .setAAD(boundTo(head, context))
    .setAuthTag(tag);
  const opened = decipher.update(ciphertext.subarray(HEAD + NONCE + TAG));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    return undefined;
  }
}
