import type { Change, Direction, Place } from '../changes.ts';
import { canonical } from './document.ts';
import type { SchemaSide } from './validator.ts';

/** Where the compared schemas stand, and which way documents go. */
export interface Subject {
  direction: Direction;
  /** `accepts`: documents come from the consumer. `promises`: they go to it. */
  role: 'accepts' | 'promises';
  /** The beginning of the rules' names: `request`, `response`, `consumed-event`, `published-event`. */
  prefix: string;
  place: Exclude<Place, { kind: 'dependency' }>;
}

/** What changed from one schema to the next. */
export function compareSchemas(old: SchemaSide, next: SchemaSide, subject: Subject): Change[] {
  const same =
    canonical([old.root.schema, old.root.shared]) === canonical([next.root.schema, next.root.shared]);
  if (same && old.dialect === next.dialect) return [];
  return [
    {
      rule: `${subject.prefix}-not-compared`,
      level: 'warning',
      direction: subject.direction,
      place: { ...subject.place, field: '' },
      pointer: next.root.pointer,
      message: 'Expected the schema of the version before, found another',
      remedy: 'Compare both by hand.',
    },
  ];
}
