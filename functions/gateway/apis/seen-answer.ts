import { pipeline, Transform } from 'node:stream';
import type { Answered } from '../serving/attempt.ts';
import { decodedBody, isJson } from './bodies.ts';
import { fieldsOf } from './fields.ts';

/** Of answers that are only looked at no more than this is kept in memory, bytes. */
const largestSeen = 1_048_576;

const nothing: ReadonlySet<string> = new Set();

/** An answer on its way, and what is known of its fields when it has passed; undefined: they could not be told. */
export interface SeenAnswer {
  answered: Answered;
  fields(): Promise<ReadonlySet<string> | undefined>;
}

/** Looks at the fields of a JSON answer while it passes: it is neither held up nor changed. */
export function seenAnswer(answered: Answered): SeenAnswer {
  const { body, headers } = answered;
  if (!isJson(headers)) return { answered, fields: async () => nothing };
  if (Buffer.isBuffer(body)) return { answered, fields: () => fieldsIn(body, answered) };
  const chunks: Buffer[] = [];
  let bytes = 0;
  let whole = false;
  const passing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= largestSeen) chunks.push(chunk);
      done(null, chunk);
    },
    flush(done) {
      whole = true;
      done();
    },
  });
  // Whoever reads `passing` sees the failure of either.
  pipeline(body, passing, () => {});
  return {
    answered: { ...answered, body: passing },
    fields: async () =>
      whole && bytes <= largestSeen ? await fieldsIn(Buffer.concat(chunks), answered) : undefined,
  };
}

async function fieldsIn(bytes: Buffer, { headers }: Answered): Promise<ReadonlySet<string> | undefined> {
  if (bytes.length === 0) return nothing;
  try {
    const plain = await decodedBody(bytes, headers);
    return plain && fieldsOf(JSON.parse(plain.toString('utf8')));
  } catch {
    return undefined;
  }
}
