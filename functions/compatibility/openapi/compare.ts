import type { Change } from '../changes.ts';
import type { OpenApi } from './model.ts';
import { changeBy } from './rules.ts';

/** What changed from one description to the next. */
export function compareOpenApi(old: OpenApi, next: OpenApi): Change[] {
  const changes: Change[] = [];
  for (const [endpoint, { pointer }] of old.endpoints) {
    if (next.endpoints.has(endpoint)) continue;
    const message = `Expected ${endpoint} as before, found no such endpoint`;
    changes.push(
      changeBy('api-removed-without-deprecation', {
        place: { kind: 'endpoint', endpoint },
        pointer,
        message,
      }),
    );
  }
  for (const [endpoint, { pointer }] of next.endpoints) {
    if (old.endpoints.has(endpoint)) continue;
    const message = `${endpoint} is new`;
    changes.push(changeBy('endpoint-added', { place: { kind: 'endpoint', endpoint }, pointer, message }));
  }
  return changes;
}
