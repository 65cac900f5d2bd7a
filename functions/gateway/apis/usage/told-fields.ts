import { mostFields } from '../fields.ts';

/** Of so many endpoints of consumers it is remembered which fields were told. */
const mostRemembered = 2_000;

interface Told {
  sent: Set<string>;
  received: Set<string>;
}

/** Fields that this process told before are not told again: the table has them. */
export function toldFields() {
  const told = new Map<string, Told>();

  function of(key: string): Told {
    const known = told.get(key) ?? { sent: new Set(), received: new Set() };
    told.delete(key);
    told.set(key, known);
    const [oldest] = told.keys();
    if (told.size > mostRemembered && oldest !== undefined) told.delete(oldest);
    return known;
  }

  return {
    has: (key: string): boolean => told.has(key),
    /** Those of `fields` that are new; `full` when there are more than an endpoint may have. */
    fresh(key: string, part: keyof Told, fields: ReadonlySet<string>): { fresh: Set<string>; full: boolean } {
      const known = of(key)[part];
      const fresh = new Set<string>();
      for (const field of fields) {
        if (known.has(field)) continue;
        if (known.size >= mostFields) return { fresh, full: true };
        known.add(field);
        fresh.add(field);
      }
      return { fresh, full: false };
    },
  };
}
