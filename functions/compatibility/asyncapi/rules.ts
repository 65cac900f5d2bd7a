import type { Change, Direction, Level } from '../changes.ts';
import { type KindName, kinds } from '../json-schema/rules.ts';

interface Rule {
  level: Level;
  direction: Direction;
  /** When it is reported. */
  when: string;
  remedy: string;
}

const rule = (level: Level, direction: Direction, when: string, remedy = 'None needed.'): Rule => ({
  level,
  direction,
  when,
  remedy,
});
const beside = 'Keep it beside the new one until nobody uses it.';
const look = 'Look whether those who connect have to be set up anew.';

/** Changes of an AsyncAPI description that are none of a schema. */
export const asyncApiRules = {
  'channel-removed': rule('breaking', 'event', 'A channel is gone, or its address is another', beside),
  'channel-added': rule('info', 'event', 'A channel is new'),
  'channel-parameter-renamed': rule('info', 'event', 'A part of an address is called otherwise'),
  'send-operation-removed': rule('breaking', 'event', 'Nothing is sent to a channel any more', beside),
  'send-operation-added': rule('info', 'event', 'Something is sent to a channel, and was not'),
  'receive-operation-removed': rule('breaking', 'event', 'Nothing is taken from a channel any more', beside),
  'receive-operation-added': rule('info', 'event', 'Something is taken from a channel, and was not'),
  'operation-id-changed': rule(
    'info',
    'both',
    'An operation has another id: code that is made from it has other names',
  ),
  'sent-message-removed': rule('breaking', 'event', 'A message is no longer sent', beside),
  'sent-message-added': rule(
    'warning',
    'event',
    'A message is sent on a channel that had others: who listens may not know it',
    'See that consumers leave out what they do not know, or send it on a channel of its own.',
  ),
  'received-message-removed': rule('breaking', 'event', 'A message is no longer taken', beside),
  'received-message-added': rule('info', 'event', 'A message is taken that was not'),
  'message-content-type-changed': rule(
    'breaking',
    'event',
    'A message is written otherwise, such as Avro in place of JSON',
    'Bring it as another message beside this one.',
  ),
  'message-schema-format-changed': rule(
    'warning',
    'event',
    'The schema of a payload is in another language',
    'Compare both by hand.',
  ),
  'payload-not-compared': rule(
    'warning',
    'event',
    'The text of a schema differs whose language is not compared, such as Avro or Protobuf',
    'Compare both with the tools of that language.',
  ),
  'correlation-id-changed': rule(
    'warning',
    'event',
    'What tells which messages belong together is another',
    'See that both sides look for it in the same place.',
  ),
  'channel-bindings-changed': rule('warning', 'event', 'What a protocol needs of a channel is another', look),
  'operation-bindings-changed': rule(
    'warning',
    'event',
    'What a protocol needs of an operation is another',
    look,
  ),
  'message-bindings-changed': rule('warning', 'event', 'What a protocol needs of a message is another', look),
  'server-bindings-changed': rule('warning', 'both', 'What a protocol needs of a server is another', look),
  'server-removed': rule(
    'breaking',
    'both',
    'A server is gone, or its address or protocol is another',
    beside,
  ),
  'server-added': rule('info', 'both', 'A server is new'),
  'security-added': rule(
    'breaking',
    'both',
    'Who was let in without showing anything has to show something',
    'Give those who connect what they need first.',
  ),
  'security-removed': rule('info', 'both', 'Nothing has to be shown any more'),
  'security-alternative-removed': rule(
    'breaking',
    'both',
    'One of several ways to be let in is gone',
    'Keep it until nobody uses it.',
  ),
  'security-alternative-added': rule('info', 'both', 'There is one way more to be let in'),
} as const satisfies Record<string, Rule>;
export type AsyncApiRule = keyof typeof asyncApiRules;

/** The beginnings of the rules of schemas: of what is sent (given) and received (taken). */
export const prefixes = {
  send: { payload: 'sent-message', headers: 'sent-headers', parameter: 'sent-parameter' },
  receive: { payload: 'received-message', headers: 'received-headers', parameter: 'received-parameter' },
} as const;

export function asyncApiRuleNames(): string[] {
  // Object.keys knows no names.
  const schemas = (Object.keys(kinds) as KindName[]).flatMap((kind) => [
    kinds[kind].narrowed.rule,
    kinds[kind].widened.rule,
  ]);
  const begins = [...Object.values(prefixes.send), ...Object.values(prefixes.receive)];
  return [
    ...Object.keys(asyncApiRules),
    ...begins.flatMap((begin) => [...new Set(schemas)].map((one) => `${begin}-${one}`)),
  ];
}

/** A change by a rule of this list: its level, direction and remedy are the rule's. */
export function changeBy(name: AsyncApiRule, found: Pick<Change, 'place' | 'pointer' | 'message'>): Change {
  const { level, direction, remedy } = asyncApiRules[name];
  return { rule: name, level, direction, ...found, remedy };
}
