/**
 * A hash that was begun: of text that stands before all that is hashed. Blocks of four bytes are mixed in already;
 * `pending` holds the last bytes that fill no block, `pendingBytes` how many there are.
 */
export interface HashStart {
  readonly state: number;
  readonly pending: number;
  readonly pendingBytes: number;
  readonly bytes: number;
}

/** The hash of nothing yet, with seed 0. */
export const HASH_START: HashStart = { state: 0, pending: 0, pendingBytes: 0, bytes: 0 };

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

function mixed(state: number, block: number): number {
  const k = Math.imul(block, C1);
  const h = state ^ Math.imul((k << 15) | (k >>> 17), C2);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(state: number, pending: number, bytes: number): number {
  let h = state;
  // With nothing pending this mixes in 0, which changes nothing.
  const k = Math.imul(pending, C1);
  h ^= Math.imul((k << 15) | (k >>> 17), C2);
  h ^= bytes;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * MurmurHash3 (x86, 32 bits, seed 0) of the UTF-8 bytes of what was begun and `text` after it, as a signed number:
 * those V8 hands on without allocating. `>>> 0` makes it unsigned.
 * A surrogate without its partner counts as U+FFFD, as TextEncoder has it.
 */
export function murmur3(text: string, start: HashStart = HASH_START): number {
  const { length } = text;
  let { state, pending, pendingBytes } = start;
  let index = 0;
  if (pendingBytes > 0) {
    for (; pendingBytes < 4 && index < length; index++, pendingBytes++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return hashed(text, start);
      pending |= code << (8 * pendingBytes);
    }
    if (pendingBytes < 4) return finished(state, pending, start.bytes + length);
    state = mixed(state, pending);
    pending = 0;
  }
  for (const end = length - 3; index < end; index += 4) {
    const first = text.charCodeAt(index);
    const second = text.charCodeAt(index + 1);
    const third = text.charCodeAt(index + 2);
    const fourth = text.charCodeAt(index + 3);
    if ((first | second | third | fourth) > 0x7f) return hashed(text, start);
    state = mixed(state, first | (second << 8) | (third << 16) | (fourth << 24));
  }
  for (let shift = 0; index < length; index++, shift += 8) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return hashed(text, start);
    pending |= code << shift;
  }
  return finished(state, pending, start.bytes + length);
}

/** Begins a hash with `text`, so that what comes after it is all that is left to do. It must not end amid a surrogate pair. */
export const hashStart = (text: string): HashStart => after(HASH_START, utf8(text));

function hashed(text: string, start: HashStart): number {
  const { state, pending, bytes } = after(start, utf8(text));
  return finished(state, pending, bytes);
}

function after(start: HashStart, bytes: readonly number[]): HashStart {
  let { state, pending, pendingBytes } = start;
  for (const byte of bytes) {
    pending |= byte << (8 * pendingBytes);
    pendingBytes++;
    if (pendingBytes < 4) continue;
    state = mixed(state, pending);
    pending = 0;
    pendingBytes = 0;
  }
  return { state, pending, pendingBytes, bytes: start.bytes + bytes.length };
}

function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const raw = character.codePointAt(0) ?? 0;
    const code = raw >= 0xd800 && raw <= 0xdfff ? 0xfffd : raw;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), trail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), trail(code >> 6), trail(code));
    else bytes.push(0xf0 | (code >> 18), trail(code >> 12), trail(code >> 6), trail(code));
  }
  return bytes;
}

const trail = (bits: number) => 0x80 | (bits & 0x3f);
