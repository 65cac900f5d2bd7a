// Distinct values, counted approximately in a fixed space: HyperLogLog (Flajolet, Fusy, Gandouet & Meunier 2007) with
// 64-bit hashes (Heule, Nunkesser & Hall 2013) and the estimator of Ertl (2017), "New cardinality estimation algorithms
// for HyperLogLog sketches", which needs no tables and is unbiased from 0 upwards.

const indexBits = 12;
const registers = 2 ** indexBits;
/** Bits of a hash that are looked at for their leading zeros. */
const rankBits = 64 - indexBits;

/** The standard error of an estimate relative to the true number: 1.04/√4096. */
export const relativeError = 1.04 / Math.sqrt(registers);

/** For each register the highest rank that was seen; sketches are values: none of the functions here changes one. */
export type Sketch = Uint8Array;

export const emptySketch = (): Sketch => new Uint8Array(registers);

/** A sketch of values by their hashes: the first 8 bytes of each, which must be evenly distributed. Throws RangeError below 8 bytes. */
export function sketchOf(hashes: Iterable<Uint8Array>): Sketch {
  const sketch = emptySketch();
  for (const hash of hashes) {
    const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
    const [high, low] = [view.getUint32(0), view.getUint32(4)];
    const rest = (high << indexBits) >>> 0;
    const rank = rest === 0 ? 32 - indexBits + Math.clz32(low) + 1 : Math.clz32(rest) + 1;
    const index = high >>> (32 - indexBits);
    sketch[index] = Math.max(sketch[index] ?? 0, rank);
  }
  return sketch;
}

/** The sketch of all values of both: merging is idempotent, commutative and associative. */
export const mergeSketches = (one: Sketch, other: Sketch): Sketch =>
  one.map((rank, at) => Math.max(rank, other[at] ?? 0));

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [x, y, z] = [share, 1, share];
  for (let former = Number.NaN; z !== former; ) {
    former = z;
    x *= x;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z] = [share, 1, 1 - share];
  for (let former = Number.NaN; z !== former; ) {
    former = z;
    x = Math.sqrt(x);
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}

/** About how many distinct values are in it, rounded; 0 for an empty one. */
export function estimate(sketch: Sketch): number {
  const withRank = new Array<number>(rankBits + 2).fill(0);
  for (const rank of sketch) withRank[rank] = (withRank[rank] ?? 0) + 1;
  let z = registers * tau(1 - (withRank[rankBits + 1] ?? 0) / registers);
  for (let rank = rankBits; rank >= 1; rank -= 1) z = 0.5 * (z + (withRank[rank] ?? 0));
  z += registers * sigma((withRank[0] ?? 0) / registers);
  return Math.round(registers ** 2 / (2 * Math.LN2) / z);
}

/** Up to so many registers that are not zero are written one by one: an index of 12 bits and a rank of 6, in 3 bytes. */
const mostSparse = (registers * 6) / 8 / 3;
const sparse = 's';
const dense = 'd';

/** As a text: at most 4,097 characters, and 4 for each register that is in use while these are few. */
export function encodeSketch(sketch: Sketch): string {
  const used = [...sketch.entries()].filter(([, rank]) => rank > 0);
  if (used.length < mostSparse) {
    return sparse + Buffer.from(used.flatMap(([at, rank]) => [at >> 8, at & 255, rank])).toString('base64');
  }
  const packed = Buffer.alloc((registers * 6) / 8);
  for (let at = 0, to = 0; at < registers; at += 4, to += 3) {
    const four = [0, 1, 2, 3].reduce((bits, place) => (bits << 6) | (sketch[at + place] ?? 0), 0);
    packed.writeUIntBE(four, to, 3);
  }
  return dense + packed.toString('base64');
}

/** Reads what encodeSketch wrote. Throws RangeError for anything else. */
export function decodeSketch(text: string): Sketch {
  const sketch = emptySketch();
  const bytes = Buffer.from(text.slice(1), 'base64');
  const whole = text[0] === sparse ? bytes.length % 3 === 0 : bytes.length === (registers * 6) / 8;
  if (!whole || (text[0] !== sparse && text[0] !== dense)) throw new RangeError('Not a sketch');
  for (let at = 0; at < bytes.length; at += 3) {
    if (text[0] === sparse) {
      const index = bytes.readUInt16BE(at);
      if (index >= registers) throw new RangeError('Not a sketch');
      sketch[index] = rankIn(bytes[at + 2] ?? 0);
      continue;
    }
    const four = bytes.readUIntBE(at, 3);
    for (let place = 0; place < 4; place += 1)
      sketch[(at / 3) * 4 + place] = rankIn((four >> (6 * (3 - place))) & 63);
  }
  return sketch;
}

function rankIn(rank: number): number {
  if (rank <= rankBits + 1) return rank;
  throw new RangeError('Not a sketch');
}
