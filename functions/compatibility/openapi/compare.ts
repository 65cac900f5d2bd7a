import type { Change } from '../changes.ts';
import type { CompareOptions } from '../description-kind.ts';
import { compareBodies } from './bodies.ts';
import type { Context, Pair } from './context.ts';
import { endpointLifecycle, endpointRemoved, stabilityOf } from './lifecycle.ts';
import type { OpenApi } from './model.ts';
import { compareOutgoing } from './outgoing.ts';
import { compareParameters } from './parameters.ts';
import { Requests } from './requests.ts';
import { compareResponses } from './responses.ts';
import { changeBy } from './rules/rules.ts';
import { SchemaPairs } from './schemas.ts';
import { apiSecurity, endpointSecurity } from './security.ts';
import { compareNames, compareWhole } from './whole.ts';

/** What changed from one description to the next, in any order. */
export function compareOpenApi(old: OpenApi, next: OpenApi, { today }: CompareOptions): Change[] {
  if (old.digest === next.digest) return [];
  const schemas = new SchemaPairs(old, next);
  const context: Context = { old, next, today, schemas, requests: new Requests(schemas) };
  return [
    ...compareEndpoints(context),
    ...compareOutgoing(context, 'webhook', old.webhooks, next.webhooks),
    ...apiSecurity(context),
    ...compareWhole(context),
  ];
}

function compareEndpoints(context: Context): Change[] {
  const { old, next, today } = context;
  const changes: Change[] = [];
  const bare = (path: string) => path.replaceAll(/\{[^}]*\}/g, '{}');
  const paths = new Set([...next.endpoints.values()].map(({ path }) => bare(path)));
  for (const [endpoint, was] of old.endpoints) {
    const now = next.endpoints.get(endpoint);
    const found = now
      ? compareOne({ context, was, now, place: { kind: 'endpoint', endpoint } })
      : [endpointRemoved(was, today, !paths.has(bare(was.path)))];
    changes.push(...unstable(found, stabilityOf(was.lifecycle)));
  }
  for (const [endpoint, { pointer }] of next.endpoints) {
    if (old.endpoints.has(endpoint)) continue;
    const message = `${endpoint} is new`;
    changes.push(changeBy('endpoint-added', { place: { kind: 'endpoint', endpoint }, pointer, message }));
  }
  return changes;
}

function compareOne(pair: Pair): Change[] {
  const { context, was, now, place } = pair;
  return [
    ...endpointLifecycle(pair),
    ...compareNames(pair),
    ...endpointSecurity(pair),
    ...compareParameters(pair),
    ...compareBodies(pair),
    ...compareResponses(pair),
    ...compareOutgoing(context, 'callback', was.callbacks, now.callbacks, place),
  ];
}

/** Of drafts and alpha versions nothing is promised: what breaks there is information. */
function unstable(changes: Change[], stability: ReturnType<typeof stabilityOf>): Change[] {
  if (stability !== 'draft' && stability !== 'alpha') return changes;
  const reason = `The endpoint was ${stability}: nothing was promised of it`;
  return changes.map((change) =>
    change.level === 'info'
      ? change
      : { ...change, level: 'info', adjusted: [{ by: 'stability', from: change.level, reason }] },
  );
}
