import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { encodeRequest } from './protobuf.ts';
import { wireFields } from './testing/wire.ts';

// Written by @opentelemetry/otlp-transformer 0.223.1, both forms of the same requests.
const official: Record<'traces' | 'metrics', { json: object; protobuf: string }> = JSON.parse(
  readFileSync(new URL('./testing/official.json', import.meta.url), 'utf8'),
);

type Tree = [number, string | Tree][];
const traceFlags = '01010000';

/**
 * Field numbers and values, what looks like a message read as one. The order of fields says nothing, that of values of
 * one field does. Without what is zero, which may be left out, and the trace flags, which are not sent here.
 */
function tree(bytes: Buffer): Tree {
  return wireFields(bytes)
    .toSorted((a, b) => a.number - b.number)
    .flatMap(({ number, bytes: own, value }): Tree => {
      const found = value === '' ? nested(own) : value;
      return found === '0' || found === traceFlags ? [] : [[number, found]];
    });
}

function nested(bytes: Buffer): string | Tree {
  try {
    return tree(bytes);
  } catch {
    return bytes.toString('hex');
  }
}

it.each(['traces', 'metrics'] as const)('%s on the wire are those of the official library', (signal) => {
  const { json, protobuf } = official[signal];
  const expected = tree(Buffer.from(protobuf, 'base64'));
  expect(JSON.stringify(expected).length).toBeGreaterThan(200);
  expect(tree(encodeRequest(signal, json))).toEqual(expected);
});
