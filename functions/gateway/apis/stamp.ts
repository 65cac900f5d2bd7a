import { z } from 'zod';
import { keys, readItem } from '../store.ts';

/** What processes look at each second: small, while the document of an API may be large. */
export const Stamp = z.object({ api: z.string(), revision: z.int() });
export type Stamp = z.infer<typeof Stamp>;

/** Which API a service has, and in which revision; undefined where it has none. */
export const readStamp = (service: string): Promise<Stamp | undefined> =>
  readItem(Stamp, keys.apiStamp(service));
