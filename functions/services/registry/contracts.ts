import { gunzipSync, gzipSync } from 'node:zlib';
import { ServiceContract } from '#compatibility/contract.ts';
import type { Shape } from '#compatibility/contracts/shape.ts';
import { PayloadTooLarge, RecordUnreadable } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { deleteItem, keys, readItem, writeItem } from '../store.ts';
import { ContractRecord, type VersionRecord } from './records.ts';

/** An item of DynamoDB ends at 400 kB. */
const largestBytes = 380_000;
/** Contracts kept in memory: they never change. */
const mostKept = 100;
const kept = new Map<string, Shape>();

/** Compresses a contract for its item. Throws PayloadTooLarge. */
export function packContract(contract: Shape): Uint8Array {
  const gzip = gzipSync(JSON.stringify(contract));
  if (gzip.byteLength <= largestBytes) return gzip;
  throw new PayloadTooLarge(
    `The contract has ${gzip.byteLength} bytes when compressed, at most ${largestBytes} are kept`,
    {
      evidence: { bytes: gzip.byteLength, limit: largestBytes },
      action: 'Move schemas that repeat into `definitions`, or split the service.',
    },
  );
}

/** Keeps a contract under an id of its own and returns the id. */
export async function keepContract(service: string, version: string, gzip: Uint8Array): Promise<string> {
  const id = newId('ctr');
  await writeItem(keys.contract(service, version, id), { gzip });
  return id;
}

export const forgetContract = (service: string, version: string, id: string): Promise<boolean> =>
  deleteItem(keys.contract(service, version, id));

/** The contract of a version; null when it has none. Throws RecordUnreadable. */
export async function contractOf({ service, version, contract }: VersionRecord): Promise<Shape | null> {
  if (contract === null) return null;
  const known = kept.get(contract.id);
  if (known !== undefined) return known;
  const found = await readItem(ContractRecord, keys.contract(service, version, contract.id));
  if (found === undefined) {
    throw new RecordUnreadable(`The contract of ${service} ${version} is gone`, {
      evidence: { service, version },
      action: 'Deregister the version and register it again.',
    });
  }
  const read = ServiceContract.parse(JSON.parse(gunzipSync(found.gzip).toString('utf8')));
  kept.set(contract.id, read);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return read;
}
