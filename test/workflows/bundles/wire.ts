import type { IncomingMessage } from 'node:http';

/** A call to AWS as it came over the wire. */
export interface AwsCall {
  /** The function that made it. */
  function: string;
  /** As IAM names it, for example `states`. */
  service: string;
  /** As the SDK names it, for example `StartExecution`. */
  command: string;
  input: Record<string, unknown>;
}

/** A role that a function took on. */
export interface WireRole {
  /** The function. */
  function: string;
  roleArn: string;
  externalId: string | null;
}

export interface WireRequest {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface WireAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** A request understood: what it asks for, how to ask the laptop's cloud, and how its protocol says the answer. */
export interface Understood {
  command: string;
  input: Record<string, unknown>;
  send: () => Promise<object>;
  answer: (output: object) => WireAnswer | Promise<WireAnswer>;
  failure: (error: Error & { status: number }) => WireAnswer;
}
