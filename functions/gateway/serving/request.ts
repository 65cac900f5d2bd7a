import type { Writable } from 'node:stream';
import { PayloadTooLarge } from '#platform/errors.ts';
import type { HeaderFields } from './headers.ts';

/** A request to a service, from whichever front door. */
export interface GatewayRequest {
  method: string;
  /** As it was sent, still encoded: `/orders/items/1`. */
  path: string;
  /** Without the question mark. */
  query: string;
  headers: HeaderFields;
  /** The whole body. Throws PayloadTooLarge beyond `largestBody`. */
  body: () => Buffer | Promise<Buffer>;
  /** Of the client. */
  address: string;
  protocol: 'http' | 'https';
  /** As an authorizer in front of the gateway says; else the header x-tenant-id is believed. */
  tenant: string | undefined;
  /** Likewise; else the header that the API names is believed. */
  consumer: string | undefined;
  requestId: string;
  /** The client has gone. */
  gone: AbortSignal;
}

/** Begins the response; what is written to the stream goes to the client as it comes. */
export type Respond = (head: { status: number; headers: HeaderFields }) => Writable;

/** What Lambda takes of a request, bytes; what is larger has another way. */
export const largestBody = 6 * 1_048_576;

export const tooLarge = (bytes: number): PayloadTooLarge =>
  new PayloadTooLarge(`The body has ${bytes} bytes or more, at most ${largestBody} go through the gateway`, {
    evidence: { bytes, limit: largestBody },
    action: 'Upload it to S3 by a presigned URL and send its key, or go to the service directly.',
  });
