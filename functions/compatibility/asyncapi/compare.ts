import type { Change, Place } from '../changes.ts';
import { SchemaComparison, type Subject } from '../json-schema/compare.ts';
import { canonical, type Dialect, isObject } from '../json-schema/document.ts';
import type { Action, AsyncApi, Channel, Message, Operation, Server, ValueAt } from './model.ts';
import { type AsyncApiRule, changeBy, prefixes } from './rules.ts';
import { dialectOfFormat, placed, Schemas } from './schemas.ts';

/**
 * What changed from one AsyncAPI description to the next, also from 2.x to 3.0: what the application sends may promise
 * more, and what it receives may be more. What channels, operations and messages are called inside the document is no
 * change; addresses and the names of messages are.
 */
export function compareAsyncApi(old: AsyncApi, next: AsyncApi): Change[] {
  const schemas = new Pairs(old, next);
  return [
    ...each(old.channels, next.channels, {
      gone: (one) => [
        said('channel-removed', one, `Expected the channel ${one.address} as before, found none`),
      ],
      come: (one) => [said('channel-added', one, `The channel ${one.address} is new`)],
      both: (was, now) => bindings('channel-bindings-changed', eventPlace(now.address, 'send'), was, now),
    }),
    ...each(old.operations, next.operations, {
      // With a channel goes and comes all that is done on it.
      gone: (one) =>
        hasChannel(next, one) ? [said(`${one.action}-operation-removed`, one, `${told(one)} no more`)] : [],
      come: (one) =>
        hasChannel(old, one)
          ? [said(`${one.action}-operation-added`, one, `${told(one)}, and did not before`)]
          : [],
      both: (was, now) => operationChanges(was, now, schemas),
    }),
    ...each(old.servers, next.servers, {
      gone: (one) => [said('server-removed', one, `Expected the server ${one.url} as before, found none`)],
      come: (one) => [said('server-added', one, `The server ${one.url} is new`)],
      both: (was, now) => [
        ...bindings('server-bindings-changed', { kind: 'api' }, was, now),
        ...security(was, now, { kind: 'api' }),
      ],
    }),
  ];
}

function each<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  tell: { gone: (one: T) => Change[]; come: (one: T) => Change[]; both: (was: T, now: T) => Change[] },
): Change[] {
  const gone = [...before].flatMap(([key, was]) => {
    const now = after.get(key);
    return now ? tell.both(was, now) : tell.gone(was);
  });
  return [...gone, ...[...after].flatMap(([key, now]) => (before.has(key) ? [] : tell.come(now)))];
}

const hasChannel = ({ channels }: AsyncApi, { channel }: Operation) =>
  [...channels.values()].some(({ address }) => sameAddress(address, channel.address));
const sameAddress = (a: string, b: string) =>
  a.replaceAll(/\{[^}]*\}/g, '{}') === b.replaceAll(/\{[^}]*\}/g, '{}');

const told = ({ action, channel, reply }: Operation) =>
  `The application ${action === 'send' ? 'sends to' : 'receives from'} ${channel.address}${reply ? ' as an answer' : ''}`;

function eventPlace(event: string, action: Action): Extract<Place, { kind: 'event' }> {
  return { kind: 'event', event, role: action === 'send' ? 'published' : 'consumed' };
}

function placeOf(one: Channel | Operation | Server): Place {
  if ('url' in one) return { kind: 'api' };
  return 'action' in one ? eventPlace(one.channel.address, one.action) : eventPlace(one.address, 'send');
}

const said = (rule: AsyncApiRule, one: Channel | Operation | Server, message: string) =>
  changeBy(rule, { place: placeOf(one), pointer: one.pointer, message });

function operationChanges(was: Operation, now: Operation, schemas: Pairs): Change[] {
  const place = placeOf(now);
  const renamed = was.operationId !== now.operationId && was.operationId !== undefined && !now.reply;
  return [
    ...(renamed
      ? [
          said(
            'operation-id-changed',
            now,
            `Expected the id ${was.operationId} as before, found ${now.operationId ?? 'none'}`,
          ),
        ]
      : []),
    ...parameterChanges(was, now, schemas),
    ...messageChanges(was, now, schemas),
    ...bindings('operation-bindings-changed', place, was, now),
    ...security(was, now, place),
  ];
}

function parameterChanges(was: Operation, now: Operation, schemas: Pairs): Change[] {
  return now.channel.parameters.flatMap((parameter, at) => {
    const before = was.channel.parameters[at];
    if (!before) return [];
    const place = eventPlace(now.channel.address, now.action);
    const message = `The part {${before.name}} of the address is called {${parameter.name}}`;
    const renamed =
      before.name === parameter.name
        ? []
        : [changeBy('channel-parameter-renamed', { place, pointer: parameter.pointer, message })];
    const subject = subjectOf(now.action, 'parameter', `${now.channel.address} {${parameter.name}}`);
    return [...renamed, ...schemas.compare(before.schema, parameter.schema, 'draft-07', subject)];
  });
}

function messageChanges(was: Operation, now: Operation, schemas: Pairs): Change[] {
  const { action, channel } = now;
  const role = action === 'send' ? 'sent' : 'received';
  const [onlyWas, onlyNow] = [only(was), only(now)];
  // Where there is one message there is no doubt which became which, whatever they are called.
  if (onlyWas && onlyNow) return contentChanges(onlyWas, onlyNow, now, schemas);
  const place = (name: string) => eventPlace(`${channel.address} ${name}`, action);
  return each(was.messages, now.messages, {
    gone: (one) => [
      changeBy(`${role}-message-removed`, {
        place: place(one.name),
        pointer: one.pointer,
        message: `Expected ${one.name} on ${channel.address} to be ${role} as before, found it no more`,
      }),
    ],
    come: (one) => [
      changeBy(`${role}-message-added`, {
        place: place(one.name),
        pointer: one.pointer,
        message: `${one.name} is ${role} on ${channel.address}, and was not`,
      }),
    ],
    both: (before, after) => contentChanges(before, after, now, schemas),
  });
}

const only = ({ messages }: Operation): Message | undefined =>
  messages.size === 1 ? [...messages.values()][0] : undefined;

function contentChanges(
  was: Message,
  now: Message,
  { action, channel }: Operation,
  schemas: Pairs,
): Change[] {
  const event = `${channel.address} ${now.name}`;
  const place = eventPlace(event, action);
  const differs = (rule: AsyncApiRule, before: unknown, after: unknown) =>
    canonical(before ?? null) === canonical(after ?? null)
      ? []
      : [
          changeBy(rule, {
            place,
            pointer: now.pointer,
            message: `Of ${now.name}, expected ${shown(before)} as before, found ${shown(after)}`,
          }),
        ];
  const [before, after] = [dialectOfFormat(was.schemaFormat), dialectOfFormat(now.schemaFormat)];
  const payload =
    before !== undefined && before === after
      ? schemas.compare(was.payload, now.payload, before, subjectOf(action, 'payload', event))
      : before !== after || was.schemaFormat !== now.schemaFormat
        ? differs('message-schema-format-changed', was.schemaFormat, now.schemaFormat)
        : differs('payload-not-compared', was.payload?.value, now.payload?.value);
  return [
    ...differs('message-content-type-changed', was.contentType, now.contentType),
    ...payload,
    ...schemas.compare(was.headers, now.headers, 'draft-07', subjectOf(action, 'headers', event)),
    ...differs('correlation-id-changed', was.correlationId, now.correlationId),
    ...bindings('message-bindings-changed', place, was, now),
  ];
}

function bindings(
  rule: AsyncApiRule,
  place: Place,
  was: { bindings: unknown },
  now: { bindings: unknown; pointer: string },
): Change[] {
  const [before, after] = [protocols(was.bindings), protocols(now.bindings)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((protocol) => {
    const [one, other] = [before.get(protocol), after.get(protocol)];
    if (one === other) return [];
    const message = `Bindings of ${protocol}: expected ${shown(one)} as before, found ${shown(other)}`;
    return [changeBy(rule, { place, pointer: now.pointer, message })];
  });
}

/** The bindings of each protocol as a text; which version of the binding's own specification it is says nothing. */
function protocols(all: unknown): Map<string, string> {
  const entries = isObject(all) ? Object.entries(all) : [];
  return new Map(
    entries.flatMap(([protocol, one]) => {
      const { bindingVersion: _, ...rest } = isObject(one) ? one : {};
      return Object.keys(rest).length > 0 ? [[protocol, canonical(rest)]] : [];
    }),
  );
}

function security(
  was: { security: readonly string[] },
  now: { security: readonly string[]; pointer: string },
  place: Place,
): Change[] {
  const say = (rule: AsyncApiRule, message: string) =>
    changeBy(rule, { place, pointer: now.pointer, message });
  const [before, after] = [was.security, now.security];
  if (before.length === 0 && after.length > 0)
    return [
      say('security-added', `Expected to be let in without showing anything, found ${after.join(' or ')}`),
    ];
  if (before.length > 0 && after.length === 0)
    return [say('security-removed', `${before.join(' or ')} had to be shown, and nothing has to be now`)];
  return [
    ...before
      .filter((one) => !after.includes(one))
      .map((one) =>
        say(
          'security-alternative-removed',
          `Expected to be let in with ${one} as before, found ${after.join(' or ')}`,
        ),
      ),
    ...after
      .filter((one) => !before.includes(one))
      .map((one) => say('security-alternative-added', `Who shows ${one} is let in, too`)),
  ];
}

function subjectOf(action: Action, part: keyof (typeof prefixes)['send'], event: string): Subject {
  return {
    direction: 'event',
    role: action === 'send' ? 'promises' : 'accepts',
    prefix: prefixes[action][part],
    place: eventPlace(event, action),
  };
}

const shown = (value: unknown) => (value === undefined ? 'none' : canonical(value).slice(0, 120));

/** Compares schemas of two descriptions, and keeps what it learns of shared ones. */
class Pairs {
  readonly #old: Schemas;
  readonly #next: Schemas;
  readonly #comparisons = new Map<Dialect, SchemaComparison>();

  constructor(old: AsyncApi, next: AsyncApi) {
    this.#old = new Schemas(old.document);
    this.#next = new Schemas(next.document);
  }

  compare(was: ValueAt | undefined, now: ValueAt | undefined, dialect: Dialect, subject: Subject): Change[] {
    if (!was && !now) return [];
    const comparison = this.#comparisons.get(dialect) ?? new SchemaComparison(dialect, dialect);
    this.#comparisons.set(dialect, comparison);
    // Where there is no schema everything is allowed; it stands where the other's does.
    const none = (other: ValueAt | undefined) => ({ value: true, pointer: `${other?.pointer}#none` });
    return comparison
      .compare(this.#old.side(was ?? none(now), dialect), this.#next.side(now ?? none(was), dialect), subject)
      .map((change) => ({ ...change, pointer: placed(change.pointer) }));
  }
}
