import type { Change, Direction, Level } from '../changes.ts';

export interface Rule {
  level: Level;
  direction: Direction;
  /** When it is reported. */
  when: string;
  /** What to do instead, or about it. */
  remedy: string;
}

/** Changes of a contract that are none of a schema. Those of schemas are in json-schema/rules.ts. */
export const contractRules = {
  'endpoint-removed': {
    level: 'breaking',
    direction: 'request',
    when: 'An endpoint is gone, or its method or path is another',
    remedy: 'Keep it beside the new one until no consumer calls it.',
  },
  'endpoint-added': {
    level: 'info',
    direction: 'request',
    when: 'An endpoint is new',
    remedy: 'None needed.',
  },
  'request-input-required': {
    level: 'breaking',
    direction: 'request',
    when: 'An endpoint that took nothing refuses a request that brings nothing',
    remedy: 'Make all of it optional, with defaults that do what was done before.',
  },
  'request-input-added': {
    level: 'info',
    direction: 'request',
    when: 'An endpoint that took nothing takes something, and goes on without it',
    remedy: 'None needed.',
  },
  'request-input-removed': {
    level: 'warning',
    direction: 'request',
    when: 'An endpoint no longer says what it takes',
    remedy: 'Keep the schema, or make sure that what consumers send is not needed.',
  },
  'response-output-removed': {
    level: 'breaking',
    direction: 'response',
    when: 'An endpoint no longer says what it answers',
    remedy: 'Keep the schema as long as consumers read the answer.',
  },
  'response-output-added': {
    level: 'info',
    direction: 'response',
    when: 'An endpoint says for the first time what it answers',
    remedy: 'None needed.',
  },
  'error-added': {
    level: 'info',
    direction: 'response',
    when: 'A status of failure is declared that was not',
    remedy: 'None needed: consumers treat an unknown status as its class, 4XX or 5XX.',
  },
  'error-removed': {
    level: 'info',
    direction: 'response',
    when: 'A status of failure is no longer declared',
    remedy: 'None needed.',
  },
  'published-event-removed': {
    level: 'breaking',
    direction: 'event',
    when: 'The service no longer publishes an event',
    remedy: 'Publish it beside the new one until nobody listens.',
  },
  'consumed-event-removed': {
    level: 'breaking',
    direction: 'event',
    when: 'The service no longer consumes an event that others send to it',
    remedy: 'Consume it beside the new one until nobody sends it.',
  },
  'published-event-added': {
    level: 'info',
    direction: 'event',
    when: 'The service publishes one event more',
    remedy: 'None needed.',
  },
  'consumed-event-added': {
    level: 'info',
    direction: 'event',
    when: 'The service consumes one event more',
    remedy: 'None needed.',
  },
  'dependency-added': {
    level: 'warning',
    direction: 'dependency',
    when: 'The service needs one that it did not need',
    remedy: 'Make sure that every environment runs a version in the range first.',
  },
  'dependency-narrowed': {
    level: 'warning',
    direction: 'dependency',
    when: 'Versions of another service that were enough are so no more',
    remedy: 'Make sure that every environment runs a version in the new range first.',
  },
  'dependency-widened': {
    level: 'info',
    direction: 'dependency',
    when: 'More versions of another service will do, and all that did before',
    remedy: 'None needed.',
  },
  'dependency-removed': {
    level: 'info',
    direction: 'dependency',
    when: 'The service no longer needs another one',
    remedy: 'None needed.',
  },
} as const satisfies Record<string, Rule>;
export type ContractRule = keyof typeof contractRules;

/** A change by a rule of this list: its level, direction and remedy are the rule's. */
export function changeBy(
  rule: ContractRule,
  found: Pick<Change, 'place' | 'pointer' | 'message' | 'example'>,
): Change {
  const { level, direction, remedy } = contractRules[rule];
  return { rule, level, direction, ...found, remedy };
}
