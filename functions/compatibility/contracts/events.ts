import type { Change } from '../changes.ts';
import type { SchemaComparison } from '../json-schema/compare.ts';
import { pointerTo } from '../json-schema/document.ts';
import type { SchemaSide } from '../json-schema/validator.ts';
import { changeBy } from './rules.ts';
import { contractDialect, type EventContract, eventKey, rootOf, type Shape } from './shape.ts';

interface Found {
  event: EventContract;
  at: number;
  side: SchemaSide;
}

/** Events that went, came, or carry something else. One and the same event may be published and consumed: two promises. */
export function compareEvents(old: Shape, next: Shape, schemas: SchemaComparison): Change[] {
  const before = byKey(old);
  const after = byKey(next);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Change[] => {
    const [was, now] = [before.get(key), after.get(key)];
    const event = (now ?? was)?.event;
    if (!event) return [];
    const role = event.direction;
    const place = { kind: 'event', event: event.name, role } as const;
    if (was && now) {
      return schemas.compare(was.side, now.side, {
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

function byKey(contract: Shape): Map<string, Found> {
  const dialect = contractDialect(contract);
  return new Map(
    (contract.events ?? []).map((event, at) => {
      const root = rootOf(contract, { steps: ['events', at, 'schema'], schema: event.schema });
      return [eventKey(event), { event, at, side: { root, dialect } }];
    }),
  );
}
