import { createHash } from 'node:crypto';

/** 16 hexadecimal digits of a text's SHA-256, for names that must stay short. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
