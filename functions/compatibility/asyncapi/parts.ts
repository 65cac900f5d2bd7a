import { canonical, isObject, pointerTo } from '../json-schema/document.ts';
import type { Channel, Message, Parameter, Server } from './model.ts';
import { type ObjectAt, type Reader, textOr } from './reader.ts';

/** The parts that 2.x and 3.0 write almost alike. */
export interface Dialect {
  reader: Reader;
  /** 3.0: payloads may bring their format with them, traits give way, parameters are enums. */
  three: boolean;
  defaultContentType: string;
}

export function messageOf(
  { reader, three, defaultContentType }: Dialect,
  at: ObjectAt,
  key: string,
): Message {
  const { value, pointer } = reader.withTraits(at, three);
  const payload = multiFormat(
    reader,
    { value: value.payload, pointer: pointerTo(pointer, 'payload') },
    three,
  );
  const headers = multiFormat(
    reader,
    { value: value.headers, pointer: pointerTo(pointer, 'headers') },
    three,
  );
  return {
    name: textOr(value.name) ?? textOr(value.messageId) ?? key,
    pointer,
    contentType: textOr(value.contentType) ?? defaultContentType,
    schemaFormat: payload?.format ?? (three ? undefined : textOr(value.schemaFormat)),
    payload: payload?.at,
    headers: headers?.at,
    correlationId: value.correlationId,
    bindings: value.bindings,
  };
}

/** In 3.0 a schema may stand in an object with its format. */
function multiFormat(
  reader: Reader,
  at: { value: unknown; pointer: string },
  three: boolean,
): { at: { value: unknown; pointer: string }; format: string | undefined } | undefined {
  if (at.value === undefined) return undefined;
  const led = three && isObject(at.value) ? reader.object(at) : undefined;
  if (!led || typeof led.value.schemaFormat !== 'string') return { at, format: undefined };
  const inner = { value: led.value.schema, pointer: pointerTo(led.pointer, 'schema') };
  return { at: inner, format: led.value.schemaFormat };
}

export function channelOf({ reader, three }: Dialect, at: ObjectAt, address: string): Channel {
  const declared = new Map(reader.objects(at, 'parameters'));
  const parameters = [...address.matchAll(/\{([^}]*)\}/g)].map(([, name = '']): Parameter => {
    const found = declared.get(name);
    const pointer = found?.pointer ?? at.pointer;
    const { enum: values, schema } = found?.value ?? {};
    const listed = { type: 'string', ...(Array.isArray(values) && { enum: values }) };
    const own = three ? listed : (schema ?? { type: 'string' });
    return { name, pointer, schema: { value: own, pointer: pointerTo(pointer, three ? 'enum' : 'schema') } };
  });
  return { address, pointer: at.pointer, parameters, bindings: at.value.bindings };
}

export function serverOf({ three }: Dialect, { value, pointer }: ObjectAt): Server {
  const text = (key: string) => textOr(value[key]) ?? '';
  const bare = three
    ? `${text('host')}${text('pathname')}`
    : text('url').replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return {
    pointer,
    url: `${text('protocol')}://${bare.replace(/\/$/, '')}`,
    security: securityOf(value.security),
    bindings: value.bindings,
  };
}

/** Each way to be allowed in as a text: the schemes' names with their scopes. */
export function securityOf(security: unknown): string[] {
  if (!Array.isArray(security)) return [];
  return security.map((one: unknown) => {
    if (!isObject(one)) return canonical(one);
    const { $ref, ...rest } = one;
    // 3.0 names a scheme by a reference, 2.x by a key with its scopes.
    if (typeof $ref === 'string') return $ref.split('/').at(-1) ?? $ref;
    const names = Object.entries(rest).map(([name, scopes]) =>
      Array.isArray(scopes) && scopes.length > 0 ? `${name} ${[...scopes].sort().join(' ')}` : name,
    );
    return typeof rest.type === 'string' ? canonical(rest) : names.sort().join(' and ');
  });
}
