import type { Change } from '../changes.ts';
import { canonical } from '../json-schema/document.ts';
import type { EndpointPlace, Pair } from './context.ts';
import { counterpart } from './media-types.ts';
import type { Body } from './model.ts';
import { compareNotes } from './notes.ts';
import { changeBy } from './rules/rules.ts';

/** What changed in the body that requests bring. */
export function compareBodies(pair: Pair): Change[] {
  const { context, was, now } = pair;
  const place: EndpointPlace = { ...pair.place, part: 'input' };
  const { endpoint } = place;
  const [before, after] = [was.body, now.body];
  if (!before && !after) return [];
  if (!before || !after) {
    if (before) {
      const message = `Expected the body that ${endpoint} took, found none`;
      return [changeBy('request-body-removed', { place, pointer: before.pointer, message })];
    }
    const pointer = after?.pointer ?? now.pointer;
    if (!after?.required)
      return [
        changeBy('request-body-added-optional', { place, pointer, message: `${endpoint} may have a body` }),
      ];
    const message = `${endpoint} has to have a body, and took none`;
    const example = context.requests.refused(was, 'it has no body');
    return [changeBy('request-body-added-required', { place, pointer, message, example })];
  }
  const changes: Change[] = [];
  if (after.required && !before.required) {
    const message = `The body of ${endpoint} may no longer be left out`;
    const example = context.requests.refused(was, 'it has no body');
    changes.push(
      changeBy('request-body-became-required', { place, pointer: after.pointer, message, example }),
    );
  }
  if (!after.required && before.required) {
    const message = `The body of ${endpoint} may be left out`;
    changes.push(changeBy('request-body-became-optional', { place, pointer: after.pointer, message }));
  }
  return [...changes, ...mediaTypes(pair, place, before, after)];
}

function mediaTypes({ context, was }: Pair, place: EndpointPlace, before: Body, after: Body): Change[] {
  const changes: Change[] = [];
  for (const one of before.content.values()) {
    const other = counterpart(one.name, after.content);
    const at: EndpointPlace = { ...place, mediaType: one.name };
    if (!other) {
      const message = `Expected ${place.endpoint} to take ${one.name} as before, found it no more`;
      const example = context.requests.refused(was, `the body is ${one.name}`);
      changes.push(
        changeBy('request-body-media-type-removed', { place: at, pointer: one.pointer, message, example }),
      );
      continue;
    }
    if (canonical(one.encoding) !== canonical(other.encoding)) {
      const message = `The encoding of ${one.name} of ${place.endpoint} is another`;
      changes.push(changeBy('request-body-encoding-changed', { place: at, pointer: other.pointer, message }));
    }
    changes.push(
      ...context.schemas.compare(one.schema, other.schema, 'sent', {
        direction: 'request',
        role: 'accepts',
        prefix: 'request',
        place: at,
      }),
      ...compareNotes(context, one.schema, other.schema, 'request', at),
    );
  }
  for (const other of after.content.values()) {
    if (counterpart(other.name, before.content)) continue;
    const message = `${place.endpoint} takes ${other.name}, too`;
    const at: EndpointPlace = { ...place, mediaType: other.name };
    changes.push(changeBy('request-body-media-type-added', { place: at, pointer: other.pointer, message }));
  }
  return changes;
}
