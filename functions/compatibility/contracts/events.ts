import type { Change } from '../changes.ts';
import { compareSchemas } from '../json-schema/compare.ts';
import { pointerTo } from '../json-schema/document.ts';
import type { SchemaSide } from '../json-schema/validator.ts';
import { changeBy } from './rules.ts';
import { contractDialect, type EventContract, eventKey, rootOf, type Shape } from './shape.ts';

interface Found {
  event: EventContract;
  at: number;
}

/** Events that went, came, or carry something else. One and the same event may be published and consumed: two promises. */
export function compareEvents(old: Shape, next: Shape): Change[] {
  const before = byKey(old);
  const after = byKey(next);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Change[] => {
    const [was, now] = [before.get(key), after.get(key)];
    const event = (now ?? was)?.event;
    if (!event) return [];
    const role = event.direction;
    const place = { kind: 'event', event: event.name, role } as const;
    if (was && now) {
      return compareSchemas(sideOf(old, was), sideOf(next, now), {
        direction: 'event',
        role: role === 'published' ? 'promises' : 'accepts',
        prefix: `${role}-event`,
        place,
      });
    }
    const pointer = pointerTo('', 'events', (now ?? was)?.at ?? 0);
    return now
      ? [changeBy(`${role}-event-added`, { place, pointer, message: `${event.name} is new` })]
      : [
          changeBy(`${role}-event-removed`, {
            place,
            pointer,
            message: `Expected ${event.name} to be ${role} as before, found it no more`,
          }),
        ];
  });
}

const byKey = (contract: Shape): Map<string, Found> =>
  new Map((contract.events ?? []).map((event, at) => [eventKey(event), { event, at }]));

function sideOf(contract: Shape, { event, at }: Found): SchemaSide {
  const root = rootOf(contract, { steps: ['events', at, 'schema'], schema: event.schema });
  return { root, dialect: contractDialect(contract) };
}
