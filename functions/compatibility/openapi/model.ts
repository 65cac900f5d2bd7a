import type { DescriptionBase } from '../description-kind.ts';

/** A schema as it stands in the document, references and dialect untouched. */
export interface SchemaAt {
  schema: unknown;
  pointer: string;
}

export type ParameterIn = 'path' | 'query' | 'header' | 'cookie';

export interface Parameter {
  in: ParameterIn;
  name: string;
  /** What makes it the same parameter in another version: of a path the place, of a header the name in lower case. */
  key: string;
  pointer: string;
  required: boolean;
  style: string;
  explode: boolean;
  allowReserved: boolean;
  allowEmptyValue: boolean;
  /** The media type when it is described by `content`. */
  mediaType: string | undefined;
  schema: SchemaAt | undefined;
  lifecycle: Lifecycle;
}

/** When something ends, and how much may be relied upon it. */
export interface Lifecycle {
  deprecated: boolean;
  /** `x-sunset` as it stands. */
  sunset: unknown;
  /** `x-stability-level` as it stands. */
  stability: unknown;
}

export interface MediaType {
  name: string;
  pointer: string;
  schema: SchemaAt | undefined;
  /** `encoding` of forms, as it stands. */
  encoding: unknown;
}

export interface Body {
  pointer: string;
  required: boolean;
  content: ReadonlyMap<string, MediaType>;
}

export interface Header {
  name: string;
  pointer: string;
  required: boolean;
  deprecated: boolean;
  schema: SchemaAt | undefined;
}

export interface Response {
  /** `200`, `4XX` or `default`. */
  status: string;
  pointer: string;
  content: ReadonlyMap<string, MediaType>;
  /** By name in lower case. */
  headers: ReadonlyMap<string, Header>;
  links: ReadonlyMap<string, unknown>;
}

/** Ways to be allowed in, each of which is enough: the scheme's name and its scopes; an empty one lets everybody in. */
export type Security = readonly ReadonlyMap<string, readonly string[]>[];

export interface Operation {
  /** `GET /orders/{}`; of webhooks `webhook <name> POST`. */
  key: string;
  method: string;
  /** With the names of its parameters. */
  path: string;
  pointer: string;
  operationId: string | undefined;
  summary: string | undefined;
  tags: readonly string[];
  lifecycle: Lifecycle;
  parameters: ReadonlyMap<string, Parameter>;
  body: Body | undefined;
  responses: ReadonlyMap<string, Response>;
  security: Security;
  /** The operation says itself what security it needs. */
  ownSecurity: boolean;
  /** URLs in place of those of the whole API; undefined when it has none of its own. */
  servers: readonly string[] | undefined;
  /** Requests that the service makes to who called, by name, expression and method. */
  callbacks: ReadonlyMap<string, Operation>;
}

export interface OpenApi extends DescriptionBase {
  kind: 'openapi';
  document: Readonly<Record<string, unknown>>;
  endpoints: ReadonlyMap<string, Operation>;
  webhooks: ReadonlyMap<string, Operation>;
  servers: readonly string[];
  security: Security;
  securitySchemes: ReadonlyMap<string, { pointer: string; scheme: Readonly<Record<string, unknown>> }>;
  tags: readonly string[];
}
