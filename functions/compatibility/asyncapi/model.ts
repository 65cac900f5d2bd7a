import type { DescriptionBase } from '../description-kind.ts';

/** What the application that is described does: `send` gives to others, `receive` takes from them. */
export type Action = 'send' | 'receive';

/** A value of the document and where it stands. */
export interface ValueAt {
  value: unknown;
  pointer: string;
}

export interface Message {
  name: string;
  pointer: string;
  contentType: string;
  /** The language of the payload's schema, as it stands; undefined for AsyncAPI's own, which is JSON Schema draft-07. */
  schemaFormat: string | undefined;
  payload: ValueAt | undefined;
  headers: ValueAt | undefined;
  correlationId: unknown;
  bindings: unknown;
}

/** A part of an address that is filled in: `{customer}`. */
export interface Parameter {
  name: string;
  pointer: string;
  schema: ValueAt;
}

export interface Channel {
  /** The address, or the channel's id where no address is known beforehand. */
  address: string;
  pointer: string;
  /** In the order of the address. */
  parameters: readonly Parameter[];
  bindings: unknown;
}

export interface Operation {
  action: Action;
  channel: Channel;
  pointer: string;
  operationId: string | undefined;
  /** An answer to what another operation brought. */
  reply: boolean;
  messages: ReadonlyMap<string, Message>;
  bindings: unknown;
  /** Ways to be allowed in, each enough, as texts; none when everybody is. */
  security: readonly string[];
}

export interface Server {
  pointer: string;
  /** `kafka://broker.example.com:9092/path` */
  url: string;
  security: readonly string[];
  bindings: unknown;
}

export interface AsyncApi extends DescriptionBase {
  kind: 'asyncapi';
  document: Readonly<Record<string, unknown>>;
  /** By address with nameless parameters: `orders/{}/placed`. */
  channels: ReadonlyMap<string, Channel>;
  /** By action and channel: `send orders/{}/placed`, and `… reply` for answers. */
  operations: ReadonlyMap<string, Operation>;
  /** By URL. */
  servers: ReadonlyMap<string, Server>;
}

/** What an address is, whatever its parameters are called. */
export const addressKey = (address: string): string => address.replaceAll(/\{[^}]*\}/g, '{}');
