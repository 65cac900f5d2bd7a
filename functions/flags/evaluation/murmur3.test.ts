import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashStart, murmur3 } from './murmur3.ts';

describe('murmur3', () => {
  it.each([
    // Vectors that implementations of MurmurHash3 x86 32 publish, with seed 0.
    ['', 0],
    ['test', 0xba6bd213],
    ['Hello, world!', 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
    ['hello', 0x248bfa47],
  ])('of %j is the published one', (text, hash) => expect(murmur3(text) >>> 0).toBe(hash));

  it.each([
    ['å', [0xc3, 0xa5]],
    ['日', [0xe6, 0x97, 0xa5]],
    ['😀', [0xf0, 0x9f, 0x98, 0x80]],
    ['\ud83d', [0xef, 0xbf, 0xbd]],
    ['\ude00\ud83d', [0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd]],
  ])('of %j is that of its bytes in UTF-8', (text, bytes) => {
    expect([...Buffer.from(text)]).toEqual(bytes);
    expect(murmur3(text)).toBe(plain(Buffer.from(bytes)));
  });

  it('keeps apart what differs in one character beyond ASCII', () =>
    expect(murmur3('日')).not.toBe(murmur3('å')));

  it('is that of the bytes of any text, and of a text begun beforehand', () => {
    const character = fc.constantFrom(...'az0~ é߿日\uffff😀', '\u0000', '\ud83d', '\ude00');
    const text = fc.string({ unit: character, maxLength: 40 });
    fc.assert(
      fc.property(text, text, (after, before) => {
        expect(murmur3(after)).toBe(plain(Buffer.from(after)));
        expect(murmur3(after, hashStart(before))).toBe(
          plain(Buffer.concat([Buffer.from(before), Buffer.from(after)])),
        );
      }),
    );
  });
});

/** The hash as its author wrote it down, over bytes. */
function plain(bytes: Uint8Array): number {
  const rotated = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mix = (block: number) => Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
  const whole = bytes.length - (bytes.length % 4);
  let h = 0;
  for (let at = 0; at < whole; at += 4) {
    h = (Math.imul(rotated(h ^ mix(view.getUint32(at, true)), 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= whole; at--) tail = (tail << 8) | (bytes[at] ?? 0);
  h ^= mix(tail);
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
