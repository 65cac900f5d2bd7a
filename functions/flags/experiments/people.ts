import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import { secretBytes } from '#platform/random.ts';
import { absent } from '#platform/records.ts';
import { readItem, writeItem } from '../store.ts';
import { useKeys } from './keys.ts';

const Salt = z.object({ salt: z.string() });

/** Hashes who somebody is: 16 bytes as base64url, the same for the same targeting key within an environment. */
export type PersonHash = (targetingKey: string) => string;

/**
 * How people of an environment are hashed: HMAC-SHA-256 under a salt that is made once and stays in the table. Without the
 * table nobody can try out names; two environments cannot be joined by them.
 */
export async function personHash(environment: string): Promise<PersonHash> {
  const key = useKeys.salt(environment);
  let found = await readItem(Salt, key);
  if (found === undefined) {
    const made = { salt: secretBytes(32).toString('base64url'), createdAt: clock.iso() };
    await writeItem(key, made, absent);
    found = await readItem(Salt, key);
  }
  if (found === undefined)
    throw new ServiceUnavailable('The salt of an environment was not kept', { evidence: { environment } });
  const salt = Buffer.from(found.salt, 'base64url');
  return (targetingKey) =>
    createHmac('sha256', salt).update(targetingKey).digest().subarray(0, 16).toString('base64url');
}
