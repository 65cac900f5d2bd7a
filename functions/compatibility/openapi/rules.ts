import type { Change, Direction, Level } from '../changes.ts';

interface Rule {
  level: Level;
  direction: Direction;
  /** When it is reported. */
  when: string;
  /** What to do instead, or about it. */
  remedy: string;
}

/** Changes of an OpenAPI description that are none of a schema. Names that oasdiff has, too, mean what they mean there. */
export const openApiRules = {
  'endpoint-added': {
    level: 'info',
    direction: 'request',
    when: 'An endpoint is new',
    remedy: 'None needed.',
  },
  'api-removed-without-deprecation': {
    level: 'breaking',
    direction: 'request',
    when: 'An endpoint is gone that was not deprecated',
    remedy: 'Bring it back, deprecate it with a sunset date, and remove it after that.',
  },
} as const satisfies Record<string, Rule>;
export type OpenApiRule = keyof typeof openApiRules;

export function openApiRuleNames(): Iterable<string> {
  return Object.keys(openApiRules);
}

/** A change by a rule of this list: its level, direction and remedy are the rule's. */
export function changeBy(
  rule: OpenApiRule,
  found: Pick<Change, 'place' | 'pointer' | 'message' | 'example'>,
): Change {
  const { level, direction, remedy } = openApiRules[rule];
  return { rule, level, direction, ...found, remedy };
}
