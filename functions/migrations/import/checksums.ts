import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * Flyway's: CRC-32 of the lines without their ends, UTF-8, without a byte order mark, as a signed 32-bit number. The
 * same file with other line ends has the same one.
 */
export function flywayChecksum(text: string): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  return String(crc32(lines.join('')) | 0);
}

/** Prisma's and Drizzle's: SHA-256 of the whole file, hex. */
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Without what says nothing: pgroll leaves such fields out or in, by its version. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== false && inner !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, meaning(inner)]);
}

/** pgroll keeps no checksum but the operations themselves: ours is of what they say, however they are written. */
export const operationsChecksum = (operations: unknown): string =>
  sha256(JSON.stringify(meaning(operations)));
