import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { TheseusError } from '#platform/errors.ts';
import type { RetryCause } from '../schemas.ts';
import type { HeaderFields } from './headers.ts';

/** One try of a request at one instance of a version. */
export interface Send {
  method: string;
  /** Behind the service's name, as it was sent: `/orders/1`. */
  path: string;
  /** Without the question mark. */
  query: string;
  headers: HeaderFields;
  body: Buffer;
  /** Of the client. */
  address: string;
  requestId: string;
  /** Until the response begins. */
  timeoutMs: number;
  /** The client has gone. */
  gone: AbortSignal;
}

export interface Answered {
  kind: 'answered';
  status: number;
  headers: HeaderFields;
  body: Readable | Buffer;
}

export interface Failed {
  kind: 'failed';
  error: TheseusError;
  /** As which of the route's causes another try is allowed; null: none. */
  cause: z.infer<typeof RetryCause> | null;
  /** Whether the version is at fault: not when the client has gone, or sent too much. */
  atFault: boolean;
}

export type Attempt = Answered | Failed;
