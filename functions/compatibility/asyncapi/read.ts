import { hash } from 'node:crypto';
import { isObject, pointerTo } from '../json-schema/document.ts';
import { referenceProblems } from '../openapi/problems.ts';
import { refused, type Source } from '../source.ts';
import {
  type Action,
  type AsyncApi,
  addressKey,
  type Channel,
  type Message,
  type Operation,
} from './model.ts';
import { channelOf, type Dialect, messageOf, securityOf, serverOf } from './parts.ts';
import { type ObjectAt, Reader, textOr } from './reader.ts';
import { Schemas } from './schemas.ts';

export const asyncApiLimits = { channels: 5_000, messages: 10_000, problems: 50 } as const;

/**
 * Reads and checks an AsyncAPI description of 2.0 to 2.6 or 3.0.
 * @throws InvalidInput for what is none, with every problem found and its pointer, at most 50.
 */
export function readAsyncApi({ value: document, text, fileName, problem }: Source): AsyncApi {
  if (!document) throw refused(fileName, { pointer: '', detail: problem ?? 'Expected JSON or YAML' });
  const format = formatOf(document, fileName);
  const reader = new Reader(document);
  reader.problems.push(...referenceProblems(document));
  const stop = () => {
    if (reader.problems.length > 0)
      throw refused(fileName, ...reader.problems.slice(0, asyncApiLimits.problems));
  };
  stop();
  const three = format.startsWith('3.');
  const defaultContentType = textOr(document.defaultContentType) ?? 'application/json';
  const dialect: Dialect = { reader, three, defaultContentType };
  const root = { value: document, pointer: '' };
  const read = three ? readThree(dialect, root) : readTwo(dialect, root);
  const servers = reader.objects(root, 'servers').map(([, at]) => serverOf(dialect, at));
  const messages = [...read.operations.values()].flatMap((one) => [...one.messages.values()]);
  count(reader, '/channels', 'channels', read.channels.size, asyncApiLimits.channels);
  count(reader, '/channels', 'messages', messages.length, asyncApiLimits.messages);
  stop();
  reader.problems.push(...new Schemas(document).problems(messages));
  stop();
  const info = isObject(document.info) ? document.info : {};
  return {
    kind: 'asyncapi',
    format,
    title: textOr(info.title) ?? 'Untitled',
    version: textOr(info.version),
    digest: hash('sha256', text),
    document,
    ...read,
    servers: new Map(servers.map((one) => [one.url, one])),
  };
}

function formatOf({ asyncapi }: Record<string, unknown>, fileName: string | undefined): string {
  const format = typeof asyncapi === 'number' ? asyncapi.toFixed(1) : asyncapi;
  if (typeof format === 'string' && /^(2\.[0-6]|3\.0)(\.|$)/.test(format)) return format;
  const found = asyncapi === undefined ? 'no field asyncapi' : JSON.stringify(asyncapi);
  const detail = `Expected AsyncAPI 2.0 to 2.6 or 3.0, found ${found}`;
  throw refused(fileName, { pointer: '/asyncapi', detail });
}

function count(reader: Reader, pointer: string, what: string, found: number, most: number): void {
  if (found > most)
    reader.problems.push({ pointer, detail: `Expected at most ${most} ${what}, found ${found}` });
}

interface Parts {
  channels: Map<string, Channel>;
  operations: Map<string, Operation>;
}

/** Of 2.x: `publish` is what clients do, so that the application receives; `subscribe` is what it sends. */
function readTwo(dialect: Dialect, root: ObjectAt): Parts {
  const { reader } = dialect;
  const parts: Parts = { channels: new Map(), operations: new Map() };
  for (const [address, at] of reader.objects(root, 'channels')) {
    const channel = channelOf(dialect, at, address);
    parts.channels.set(addressKey(address), channel);
    for (const [key, action] of [
      ['publish', 'receive'],
      ['subscribe', 'send'],
    ] as const) {
      if (at.value[key] === undefined) continue;
      const found = reader.object({ value: at.value[key], pointer: pointerTo(at.pointer, key) });
      if (!found) continue;
      const own = reader.withTraits(found, false);
      addOperation(parts, {
        action,
        channel,
        pointer: own.pointer,
        operationId: textOr(own.value.operationId),
        reply: false,
        messages: messagesOfTwo(dialect, own),
        bindings: own.value.bindings,
        security: securityOf(own.value.security),
      });
    }
  }
  return parts;
}

function messagesOfTwo(dialect: Dialect, operation: ObjectAt): Map<string, Message> {
  const { reader } = dialect;
  const { message } = operation.value;
  if (message === undefined) return new Map();
  const at = { value: message, pointer: pointerTo(operation.pointer, 'message') };
  const reference = isObject(message) && typeof message.$ref === 'string' ? message.$ref : undefined;
  const only = reader.object(at);
  if (!only) return new Map();
  const several = reader.list(only, 'oneOf');
  const all = several.length > 0 ? several : [{ at: only, reference }];
  return byName(
    all.map((one, index) => messageOf(dialect, one.at, lastStep(one.reference) ?? `message-${index + 1}`)),
  );
}

function readThree(dialect: Dialect, root: ObjectAt): Parts {
  const { reader } = dialect;
  const parts: Parts = { channels: new Map(), operations: new Map() };
  const byPointer = new Map<string, { channel: Channel; messages: Map<string, Message> }>();
  const channelAt = (at: ObjectAt, id: string) => {
    const known = byPointer.get(at.pointer);
    if (known) return known;
    const channel = channelOf(dialect, at, textOr(at.value.address) ?? id);
    const messages = new Map(
      reader.objects(at, 'messages').map(([name, one]) => [one.pointer, messageOf(dialect, one, name)]),
    );
    byPointer.set(at.pointer, { channel, messages });
    return { channel, messages };
  };
  for (const [id, at] of reader.objects(root, 'channels')) {
    const { channel } = channelAt(at, id);
    parts.channels.set(addressKey(channel.address), channel);
  }
  for (const [operationId, found] of reader.objects(root, 'operations')) {
    const at = reader.withTraits(found, true);
    const { action } = at.value;
    if (action !== 'send' && action !== 'receive') {
      const detail = `Expected send or receive, found ${JSON.stringify(action)}`;
      reader.problems.push({ pointer: pointerTo(at.pointer, 'action'), detail });
      continue;
    }
    const whole = { ...at, pointer: found.pointer };
    addSides(parts, dialect, { whole, action, operationId, channelAt });
  }
  return parts;
}

interface Side {
  whole: ObjectAt;
  action: Action;
  operationId: string;
  channelAt: (at: ObjectAt, id: string) => { channel: Channel; messages: Map<string, Message> };
}

/** An operation of 3.0, and what answers it as one that goes the other way. */
function addSides(parts: Parts, { reader }: Dialect, { whole, action, operationId, channelAt }: Side): void {
  const add = (at: ObjectAt, reply: boolean) => {
    if (at.value.channel === undefined) return;
    const reference = isObject(at.value.channel) ? at.value.channel.$ref : undefined;
    const channel = reader.object({ value: at.value.channel, pointer: pointerTo(at.pointer, 'channel') });
    if (!channel) return;
    const known = channelAt(channel, lastStep(reference) ?? operationId);
    // None named means all that the channel has.
    const named = reader.list(at, 'messages').flatMap((one) => known.messages.get(one.at.pointer) ?? []);
    const all = at.value.messages === undefined ? [...known.messages.values()] : named;
    addOperation(parts, {
      action: reply === (action === 'send') ? 'receive' : 'send',
      channel: known.channel,
      pointer: at.pointer,
      operationId: reply ? undefined : operationId,
      reply,
      messages: byName(all),
      bindings: reply ? undefined : whole.value.bindings,
      security: reply ? [] : securityOf(whole.value.security),
    });
  };
  add(whole, false);
  if (whole.value.reply === undefined) return;
  const reply = reader.object({ value: whole.value.reply, pointer: pointerTo(whole.pointer, 'reply') });
  if (reply) add(reply, true);
}

/** Operations of one action on one channel are one: what others send there, or hear from there, is all of it. */
function addOperation({ operations }: Parts, operation: Operation): void {
  const { action, channel, reply, messages } = operation;
  const key = `${action} ${addressKey(channel.address)}${reply ? ' reply' : ''}`;
  const known = operations.get(key);
  operations.set(key, known ? { ...known, messages: new Map([...known.messages, ...messages]) } : operation);
}

const byName = (messages: readonly Message[]) => new Map(messages.map((one) => [one.name, one]));

const lastStep = (reference: unknown): string | undefined =>
  typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
