import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { keys, readItem } from '../store.ts';
import { ApiRoute } from './schemas.ts';
import { Stamp } from './stamp.ts';

const unpack = promisify(gunzip);
const largestUnpacked = 50_000_000;

const Stored = Stamp.extend({ document: z.instanceof(Uint8Array) });

/** The API of a service; undefined where it has none. Throws RecordUnreadable. */
export async function readApi(service: string): Promise<ApiRoute | undefined> {
  const stored = await readItem(Stored, keys.apiDocument(service));
  if (stored === undefined) return undefined;
  const text = (await unpack(stored.document, { maxOutputLength: largestUnpacked })).toString('utf8');
  return ApiRoute.strip().parse(JSON.parse(text));
}
