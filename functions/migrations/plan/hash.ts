import { createHash } from 'node:crypto';
import type { Plan } from './schemas.ts';

/** JSON with every object's keys in order: equal for equal values. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** Figures of a living table change by themselves, and so does what is a share of them. */
const estimates = new Set(['estimatedRows', 'estimatedResult', 'bytes', 'mostErrors']);

/**
 * SHA-256, hexadecimal, of what the plan will do and what must be consented to: what an approver approves. Estimates,
 * and what is only said about them, are left out, so that a table that grows does not make its plan another one.
 */
export function planHash(plan: Plan): string {
  const { risk: _risk, room: _room, notes, ...decided } = plan;
  const consents = notes.filter(({ severity }) => severity === 'consent').map(({ code }) => code);
  const steady = JSON.parse(
    JSON.stringify({ ...decided, consents }, (key, inner: unknown) =>
      estimates.has(key) ? undefined : inner,
    ),
  );
  return createHash('sha256').update(canonicalJson(steady)).digest('hex');
}
