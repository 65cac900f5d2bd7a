import type { Change } from '../changes.ts';
import { canonical } from '../json-schema/document.ts';
import { type EndpointPlace, keysOf, type Pair } from './context.ts';
import { counterpart } from './media-types.ts';
import type { Response } from './model.ts';
import { compareNotes } from './notes.ts';
import { changeBy, type OpenApiRule } from './rules/rules.ts';

/** What changed in what an endpoint answers. */
export function compareResponses(pair: Pair): Change[] {
  const { was, now, place } = pair;
  const changes: Change[] = [];
  for (const before of was.responses.values()) {
    const at = placeOf(place, before.status);
    const after = standsFor(before.status, now.responses);
    if (after) changes.push(...answers(pair, at, before, after));
    else {
      const rule: OpenApiRule = `response-${subject(before.status)}-removed`;
      const message = `Expected ${place.endpoint} to answer ${before.status} as before, found it no more`;
      changes.push(changeBy(rule, { place: at, pointer: before.pointer, message }));
    }
  }
  for (const after of now.responses.values()) {
    if (standsFor(after.status, was.responses)) continue;
    const rule: OpenApiRule = `response-${subject(after.status)}-added`;
    const message = `${place.endpoint} may answer ${after.status}`;
    changes.push(changeBy(rule, { place: placeOf(place, after.status), pointer: after.pointer, message }));
  }
  return changes;
}

const isSuccess = (status: string) => /^[123]/.test(status);
const subject = (status: string) =>
  status === 'default' ? 'default' : isSuccess(status) ? 'success-status' : 'non-success-status';

const placeOf = (place: EndpointPlace, status: string): EndpointPlace => ({
  ...place,
  part: isSuccess(status) ? 'output' : 'error',
  status,
});

/** The response to a status: its own, or that of its class; to a class that is no longer declared the first of it. */
function standsFor(status: string, responses: ReadonlyMap<string, Response>): Response | undefined {
  const exact = responses.get(status) ?? responses.get(`${status.charAt(0)}XX`);
  if (exact || !status.endsWith('XX')) return exact;
  return [...responses.values()].find((one) => one.status.charAt(0) === status.charAt(0));
}

function answers(pair: Pair, place: EndpointPlace, before: Response, after: Response): Change[] {
  return [
    ...mediaTypes(pair, place, before, after),
    ...headers(pair, place, before, after),
    ...links(place, before, after),
  ];
}

function mediaTypes({ context }: Pair, place: EndpointPlace, before: Response, after: Response): Change[] {
  const changes: Change[] = [];
  for (const one of before.content.values()) {
    const other = counterpart(one.name, after.content);
    const at: EndpointPlace = { ...place, mediaType: one.name };
    if (!other) {
      const message = `Expected ${place.endpoint} to answer ${place.status} as ${one.name}, found it no more`;
      changes.push(changeBy('response-media-type-removed', { place: at, pointer: one.pointer, message }));
      continue;
    }
    changes.push(
      ...context.schemas.compare(one.schema, other.schema, 'received', {
        direction: 'response',
        role: 'promises',
        prefix: 'response',
        place: at,
      }),
      ...compareNotes(context, one.schema, other.schema, 'response', at),
    );
  }
  for (const other of after.content.values()) {
    if (counterpart(other.name, before.content)) continue;
    const at: EndpointPlace = { ...place, mediaType: other.name };
    const message = `${place.endpoint} may answer ${place.status} as ${other.name}`;
    changes.push(changeBy('response-media-type-added', { place: at, pointer: other.pointer, message }));
  }
  return changes;
}

function headers({ context }: Pair, place: EndpointPlace, before: Response, after: Response): Change[] {
  return keysOf(before.headers, after.headers).flatMap((key): Change[] => {
    const [one, other] = [before.headers.get(key), after.headers.get(key)];
    const { name = key, pointer = '' } = other ?? one ?? {};
    const at: EndpointPlace = { ...place, header: name };
    const said = `header ${name} of ${place.status} of ${place.endpoint}`;
    if (!other) {
      const rule = one?.required ? 'required-response-header-removed' : 'optional-response-header-removed';
      return [changeBy(rule, { place: at, pointer, message: `Expected the ${said}, found it no more` })];
    }
    if (!one)
      return [changeBy('response-header-added', { place: at, pointer, message: `The ${said} is new` })];
    const changes: Change[] = [];
    const say = (rule: OpenApiRule, what: string) =>
      changes.push(changeBy(rule, { place: at, pointer, message: `The ${said} ${what}` }));
    if (one.required && !other.required) say('response-header-became-optional', 'may be left out');
    if (!one.required && other.required) say('response-header-became-required', 'is always there');
    if (!one.deprecated && other.deprecated) say('response-header-deprecated', 'is deprecated');
    if (one.deprecated && !other.deprecated) say('response-header-reactivated', 'is no longer deprecated');
    const compared = context.schemas.compare(one.schema, other.schema, 'received', {
      direction: 'response',
      role: 'promises',
      prefix: 'response-header',
      place: at,
    });
    return [...changes, ...compared];
  });
}

function links(place: EndpointPlace, before: Response, after: Response): Change[] {
  return keysOf(before.links, after.links).flatMap((name): Change[] => {
    const at = { place, pointer: after.pointer };
    const said = `link ${JSON.stringify(name)} of ${place.status} of ${place.endpoint}`;
    if (!after.links.has(name))
      return [changeBy('response-link-removed', { ...at, message: `The ${said} is gone` })];
    if (!before.links.has(name))
      return [changeBy('response-link-added', { ...at, message: `The ${said} is new` })];
    const same = canonical(before.links.get(name)) === canonical(after.links.get(name));
    return same ? [] : [changeBy('response-link-changed', { ...at, message: `The ${said} is another one` })];
  });
}
