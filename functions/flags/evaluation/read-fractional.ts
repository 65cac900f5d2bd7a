import type { Bucket, Expression } from './expression.ts';
import { type JsonValue, shown } from './json.ts';
import { MAX_WEIGHT } from './limits.ts';
import { type Reading, type Spot, stepTo, wrong } from './reading.ts';

/** Reads any expression; what reads all of them gives itself. */
type Read = (json: JsonValue, reading: Reading, spot: Spot) => Expression;

/** Reads what `fractional` shares out: a value that tells people apart, if any, and buckets with their weights. */
export function readFractional(given: JsonValue, reading: Reading, at: Spot, read: Read): Expression {
  if (!Array.isArray(given) || given.length === 0) {
    return wrong(reading, at, 'a list of buckets, such as [["on", 25], ["off", 75]]', shown(given));
  }
  const parts: readonly JsonValue[] = given;
  const [first = null] = parts;
  const by = Array.isArray(first) ? undefined : read(first, reading, stepTo(at, 0));
  if (by?.kind === 'literal' && typeof by.value !== 'string') {
    return wrong(
      reading,
      stepTo(at, 0),
      'a string that people are told apart by, or a list: a bucket',
      shown(by.value),
    );
  }
  const from = by ? 1 : 0;
  if (parts.length === from) {
    return wrong(
      reading,
      at,
      'at least one bucket, such as ["on", 25], after what people are told apart by',
      'none',
    );
  }
  const buckets = parts
    .slice(from)
    .map((part, index) => readBucket(part, reading, stepTo(at, index + from), read));
  const total = buckets.reduce(
    (sum, { weight }) => sum + (weight.kind === 'literal' ? Number(weight.value) : 0),
    0,
  );
  if (total > MAX_WEIGHT)
    return wrong(reading, at, `weights of at most ${MAX_WEIGHT} together`, String(total));
  if (total === 0 && buckets.every(({ weight }) => weight.kind === 'literal')) {
    return wrong(reading, at, 'a weight above 0', 'weights that are all 0');
  }
  return { kind: 'fractional', by, buckets, flag: reading.flag };
}

function readBucket(part: JsonValue, reading: Reading, at: Spot, readAny: Read): Bucket {
  const bucket: readonly JsonValue[] = Array.isArray(part) ? part : [];
  const [variant = null, weight = 1] = bucket;
  const one: Expression = { kind: 'literal', value: 1, place: at.place };
  if (!Array.isArray(part) || bucket.length === 0 || bucket.length > 2) {
    return { variant: wrong(reading, at, 'a bucket: a variant and its weight', shown(part)), weight: one };
  }
  const read = (json: JsonValue, index: number) => readAny(json, reading, stepTo(at, index));
  if (Array.isArray(variant)) {
    wrong(reading, stepTo(at, 0), 'the name of a variant', shown(variant));
  }
  const isRule = typeof weight === 'object' && weight !== null && !Array.isArray(weight);
  if (!isRule && !(typeof weight === 'number' && Number.isInteger(weight) && weight >= 0)) {
    wrong(reading, stepTo(at, 1), 'a whole number from 0 as weight', shown(weight));
    return { variant: read(variant, 0), weight: one };
  }
  return { variant: read(variant, 0), weight: bucket.length === 2 ? read(weight, 1) : one };
}
