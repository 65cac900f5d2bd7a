import type { Change } from '../changes.ts';
import { type Context, type EndpointPlace, keysOf } from './context.ts';
import { counterpart } from './media-types.ts';
import type { Operation } from './model.ts';
import { changeBy, type OpenApiRule } from './rules/rules.ts';

type Kind = 'webhook' | 'callback';

/**
 * What changed in requests that the service itself makes: their bodies are what it gives, and the answers to them what it
 * takes. `place` is the endpoint that a callback belongs to; a webhook is a place of its own.
 */
export function compareOutgoing(
  context: Context,
  kind: Kind,
  old: ReadonlyMap<string, Operation>,
  next: ReadonlyMap<string, Operation>,
  place?: EndpointPlace,
): Change[] {
  return keysOf(old, next).flatMap((key): Change[] => {
    const [was, now] = [old.get(key), next.get(key)];
    const at: EndpointPlace = place ?? { kind: 'endpoint', endpoint: key };
    const said = place ? `${key} of ${place.endpoint}` : key;
    const pointer = (now ?? was)?.pointer ?? '';
    if (!now)
      return [
        changeBy(`${kind}-removed`, {
          place: at,
          pointer,
          message: `Expected ${said} as before, found it no more`,
        }),
      ];
    if (!was) return [changeBy(`${kind}-added`, { place: at, pointer, message: `${said} is new` })];
    return [...bodies(context, kind, at, said, was, now), ...answers(context, kind, at, said, was, now)];
  });
}

function bodies(
  context: Context,
  kind: Kind,
  place: EndpointPlace,
  said: string,
  was: Operation,
  now: Operation,
): Change[] {
  const [before, after] = [was.body, now.body];
  const at: EndpointPlace = { ...place, part: 'output' };
  const pointer = after?.pointer ?? now.pointer;
  const say = (rule: OpenApiRule, what: string) =>
    changeBy(rule, { place: at, pointer, message: `${said} ${what}` });
  if (!before) return [];
  if (!after) return [say(`${kind}-request-body-removed`, 'has no body any more')];
  const optional =
    before.required && !after.required
      ? [say(`${kind}-request-body-became-optional`, 'may have no body')]
      : [];
  const pairs = [...before.content.values()].flatMap((one): Change[] => {
    const other = counterpart(one.name, after.content);
    if (!other) return [say(`${kind}-request-media-type-removed`, `is no longer sent as ${one.name}`)];
    return context.schemas.compare(one.schema, other.schema, 'received', {
      direction: 'event',
      role: 'promises',
      prefix: `${kind}-request`,
      place: { ...at, mediaType: one.name },
    });
  });
  const come = [...after.content.values()]
    .filter((other) => !counterpart(other.name, before.content))
    .map((other) => say(`${kind}-request-media-type-added`, `may be sent as ${other.name}`));
  return [...optional, ...pairs, ...come];
}

function answers(
  context: Context,
  kind: Kind,
  place: EndpointPlace,
  said: string,
  was: Operation,
  now: Operation,
): Change[] {
  return keysOf(was.responses, now.responses).flatMap((status): Change[] => {
    const [before, after] = [was.responses.get(status), now.responses.get(status)];
    const at: EndpointPlace = { ...place, part: 'input', status };
    const pointer = (after ?? before)?.pointer ?? '';
    if (!after)
      return [
        changeBy(`${kind}-response-status-removed`, {
          place: at,
          pointer,
          message: `${said} may no longer be answered ${status}`,
        }),
      ];
    if (!before)
      return [
        changeBy(`${kind}-response-status-added`, {
          place: at,
          pointer,
          message: `${said} may be answered ${status}`,
        }),
      ];
    return [...before.content.values()].flatMap((one) => {
      const other = counterpart(one.name, after.content);
      if (!other) return [];
      return context.schemas.compare(one.schema, other.schema, 'sent', {
        direction: 'event',
        role: 'accepts',
        prefix: `${kind}-response`,
        place: { ...at, mediaType: one.name },
      });
    });
  });
}
