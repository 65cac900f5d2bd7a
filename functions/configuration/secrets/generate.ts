import { secretBytes } from '#platform/random.ts';
import type { Generate } from '../schemas.ts';

const alphabets = {
  alphanumeric: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  hex: '0123456789abcdef',
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  printable: '!#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~',
} as const;

/** A text that nobody can guess: every character is as likely as any other. */
export function generateSecret({ characters, alphabet }: Generate): string {
  const letters = alphabets[alphabet];
  // Bytes beyond the last whole multiple would make the first letters likelier.
  const fair = 256 - (256 % letters.length);
  let text = '';
  while (text.length < characters) {
    for (const byte of secretBytes(characters)) {
      if (byte < fair && text.length < characters) text += letters[byte % letters.length];
    }
  }
  return text;
}
