import type { Change, Place } from '../changes.ts';
import { isObject, pointerTo } from '../json-schema/document.ts';
import type { Context, Pair } from './context.ts';
import type { OpenApi } from './model.ts';
import { changeBy } from './rules/rules.ts';

/** What changed in the API as a whole: its servers and the names of its schemas. */
export function compareWhole({ old, next }: Context): Change[] {
  const place: Place = { kind: 'api' };
  const servers = difference(old.servers, next.servers);
  const schemas = difference(schemaNames(old), schemaNames(next));
  return [
    ...servers.gone.map((url) =>
      changeBy('api-server-removed', {
        place,
        pointer: '/servers',
        message: `Expected the server ${url} as before, found it no more`,
      }),
    ),
    ...servers.come.map((url) =>
      changeBy('api-server-added', { place, pointer: '/servers', message: `The server ${url} is new` }),
    ),
    ...schemas.gone.map((name) =>
      changeBy('api-schema-removed', {
        place,
        pointer: pointerTo('/components/schemas', name),
        message: `The schema ${name} is gone from the components`,
      }),
    ),
  ];
}

function schemaNames({ document: { components } }: OpenApi): string[] {
  const schemas = isObject(components) ? components.schemas : undefined;
  return isObject(schemas) ? Object.keys(schemas) : [];
}

/** The name, the tags and the own servers of an endpoint. */
export function compareNames({ was, now, place }: Pair): Change[] {
  const changes: Change[] = [];
  const { endpoint } = place;
  const at = { place, pointer: now.pointer };
  const [before, after] = [was.operationId, now.operationId];
  if (before !== after) {
    if (after === undefined)
      changes.push(
        changeBy('api-operation-id-removed', {
          ...at,
          message: `${endpoint} was called ${before}, and has no name`,
        }),
      );
    else if (before === undefined)
      changes.push(changeBy('api-operation-id-added', { ...at, message: `${endpoint} is called ${after}` }));
    else
      changes.push(
        changeBy('api-operation-id-changed', {
          ...at,
          message: `${endpoint} was called ${before} and is ${after}`,
        }),
      );
  }
  const tags = difference(was.tags, now.tags);
  for (const tag of tags.gone)
    changes.push(changeBy('api-tag-removed', { ...at, message: `${endpoint} no longer has the tag ${tag}` }));
  for (const tag of tags.come)
    changes.push(changeBy('api-tag-added', { ...at, message: `${endpoint} has the tag ${tag}` }));
  const servers = difference(was.servers ?? [], now.servers ?? []);
  for (const url of servers.gone)
    changes.push(
      changeBy('endpoint-server-removed', { ...at, message: `${endpoint} is no longer at ${url}` }),
    );
  for (const url of servers.come)
    changes.push(changeBy('endpoint-server-added', { ...at, message: `${endpoint} is at ${url}, too` }));
  return changes;
}

function difference(before: readonly string[], after: readonly string[]): { gone: string[]; come: string[] } {
  const [one, other] = [new Set(before), new Set(after)];
  return {
    gone: [...one].filter((name) => !other.has(name)),
    come: [...other].filter((name) => !one.has(name)),
  };
}
