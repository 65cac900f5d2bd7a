import { quoted } from './json.ts';
import { LIMITS } from './limits.ts';
import { below, type Place, type Problems } from './problems.ts';

/** Names that objects have of their own: as keys of users' data they would be mistaken for those. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

export const isForbiddenName = (name: string): boolean => FORBIDDEN.has(name);

interface Waiting {
  value: unknown;
  place: Place | undefined;
  depth: number;
}

/**
 * Looks through a value without recursion: whether it is JSON, how deep and how large it is, and whether a name in it
 * is one that objects have of their own. What is found ends it at the first thing that no limit allows.
 */
export function checkOutline(document: unknown, problems: Problems): void {
  const waiting: Waiting[] = [{ value: document, place: undefined, depth: 1 }];
  let [nodes, characters] = [0, 0];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, place, depth } = next;
    if (++nodes > LIMITS.nodes) {
      problems.add(undefined, `at most ${LIMITS.nodes} values`, 'more');
      return;
    }
    if (typeof value === 'string') characters += value.length;
    else if (typeof value === 'number' && !Number.isFinite(value))
      problems.add(place, 'a number', String(value));
    else if (typeof value === 'object' && value !== null) {
      if (depth > LIMITS.depth) {
        problems.add(undefined, `at most ${LIMITS.depth} levels of objects and lists`, 'more');
        return;
      }
      const isList = Array.isArray(value);
      const entries = Object.entries(value);
      if (entries.length > LIMITS.nodes) {
        problems.add(place, `at most ${LIMITS.nodes} values`, `${entries.length}`);
        return;
      }
      for (const [name, inner] of entries) {
        const at = below(place, name);
        if (!isList) characters += name.length;
        if (isForbiddenName(name))
          problems.add(at, 'a name that objects do not have of their own', quoted(name));
        waiting.push({ value: inner, place: at, depth: depth + 1 });
      }
    } else if (value !== null && typeof value !== 'boolean' && typeof value !== 'number') {
      problems.add(place, 'JSON', typeof value);
    }
    if (characters > LIMITS.characters) {
      problems.add(undefined, `at most ${LIMITS.characters} characters`, 'more');
      return;
    }
    if (problems.full) return;
  }
}
