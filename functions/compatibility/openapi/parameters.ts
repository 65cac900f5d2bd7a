import type { Change } from '../changes.ts';
import { canonical, isObject } from '../json-schema/document.ts';
import { type Context, type EndpointPlace, keysOf, type Pair } from './context.ts';
import { noticeDays, removal, stabilityOf, sunset } from './lifecycle.ts';
import type { Parameter } from './model.ts';
import { extensibleValues } from './notes.ts';
import { followed } from './resolve.ts';
import { changeBy, type OpenApiRule } from './rules/rules.ts';

/** What changed in the parameters of an endpoint. */
export function compareParameters(pair: Pair): Change[] {
  const { was, now } = pair;
  const keys = keysOf(was.parameters, now.parameters);
  const gone = keys.flatMap((key) => (now.parameters.has(key) ? [] : (was.parameters.get(key) ?? [])));
  const come = keys.flatMap((key) => (was.parameters.has(key) ? [] : (now.parameters.get(key) ?? [])));
  const moved = gone.flatMap((one) => {
    const other = come.find(({ name }) => name.toLowerCase() === one.name.toLowerCase());
    return other ? [{ one, other }] : [];
  });
  return [
    ...moved.map(({ one, other }) => movedTo(pair, one, other)),
    ...gone.filter((one) => !moved.some((move) => move.one === one)).map((one) => removed(pair, one)),
    ...come.filter((one) => !moved.some((move) => move.other === one)).map((one) => added(pair, one)),
    ...keys.flatMap((key) => {
      const [before, after] = [was.parameters.get(key), now.parameters.get(key)];
      return before && after ? changed(pair, before, after) : [];
    }),
  ];
}

const placeOf = (place: EndpointPlace, { in: at, name }: Parameter): EndpointPlace => ({
  ...place,
  part: 'input',
  parameter: { in: at, name },
});
const named = ({ in: at, name }: Parameter) => `the ${at} parameter ${JSON.stringify(name)}`;

function movedTo({ context, was, place }: Pair, one: Parameter, other: Parameter): Change {
  const message = `Expected ${named(one)} of ${place.endpoint}, found it as ${named(other)}`;
  const example = other.required ? context.requests.refused(was, `it lacks ${named(other)}`, one) : undefined;
  const found = { place: placeOf(place, one), pointer: other.pointer, message };
  return changeBy('request-parameter-in-changed', { ...found, example });
}

function removed({ context, place }: Pair, one: Parameter): Change {
  const how = removal(one.lifecycle, context.today);
  const rule: OpenApiRule =
    how === 'before-sunset'
      ? 'request-parameter-removed-before-sunset'
      : how === 'with-deprecation'
        ? 'request-parameter-removed-with-deprecation'
        : 'request-parameter-removed';
  const message = `Expected ${named(one)} of ${place.endpoint}, found it no more`;
  return changeBy(rule, { place: placeOf(place, one), pointer: one.pointer, message });
}

function added({ context, was, place }: Pair, one: Parameter): Change {
  const found = { place: placeOf(place, one), pointer: one.pointer };
  if (!one.required)
    return changeBy('new-optional-request-parameter', {
      ...found,
      message: `${place.endpoint} may have ${named(one)}`,
    });
  const message = `${place.endpoint} has to have ${named(one)}, which it had not`;
  const example = context.requests.refused(was, `it lacks ${named(one)}`);
  return changeBy('new-required-request-parameter', { ...found, message, example });
}

function changed(pair: Pair, before: Parameter, after: Parameter): Change[] {
  const { context, was } = pair;
  const place = placeOf(pair.place, after);
  const changes: Change[] = [];
  const say = (rule: OpenApiRule, what: string, example?: Change['example']) =>
    changes.push(
      changeBy(rule, {
        place,
        pointer: after.pointer,
        message: `${named(after)} of ${place.endpoint} ${what}`,
        example,
      }),
    );
  if (after.in === 'path' && before.name !== after.name)
    say('request-path-parameter-renamed', `was called ${JSON.stringify(before.name)}`);
  if (after.required && !before.required)
    say(
      'request-parameter-became-required',
      'may no longer be left out',
      context.requests.refused(was, `it lacks ${named(after)}`),
    );
  if (!after.required && before.required) say('request-parameter-became-optional', 'may be left out');
  if (before.mediaType !== after.mediaType)
    say(
      'request-parameter-media-type-changed',
      `was ${before.mediaType ?? 'plain'} and is ${after.mediaType ?? 'plain'}`,
      context.requests.refused(was, `${named(after)} is written otherwise`, before),
    );
  else if (after.mediaType === undefined) written(context, before, after, say);
  for (const key of ['allowReserved', 'allowEmptyValue'] as const) {
    if (before[key] === after[key]) continue;
    const subject = key === 'allowReserved' ? 'allow-reserved' : 'allow-empty-value';
    say(`request-parameter-${subject}-${after[key] ? 'added' : 'removed'}`, `has ${key}: ${after[key]}`);
  }
  defaults(context, before, after, say);
  extensible(context, before, after, say);
  changes.push(...ends(pair, before, after));
  changes.push(
    ...context.schemas.compare(before.schema, after.schema, 'sent', {
      direction: 'request',
      role: 'accepts',
      prefix: 'request-parameter',
      place,
    }),
  );
  return changes;
}

type Say = (rule: OpenApiRule, what: string) => void;

/** Of single values nobody sees how lists and objects would be written. */
function written(context: Context, before: Parameter, after: Parameter, say: Say): void {
  const [one, other] = [schemaOf(context, 'old', before), schemaOf(context, 'next', after)];
  if (before.style !== after.style) {
    const plain = new Set(['form', 'simple']);
    if (!(isScalar(one) && isScalar(other) && plain.has(before.style) && plain.has(after.style)))
      say('request-parameter-style-changed', `was written as ${before.style} and is as ${after.style}`);
  } else if (before.explode !== after.explode && !(isScalar(one) && isScalar(other)))
    say('request-parameter-explode-changed', `had explode: ${before.explode} and has ${after.explode}`);
}

const isScalar = ({ type }: Record<string, unknown>): boolean =>
  type !== undefined && ![type].flat().some((one) => one === 'array' || one === 'object');

function schemaOf(context: Context, side: 'old' | 'next', { schema }: Parameter): Record<string, unknown> {
  const led = schema && followed(context[side].document, { value: schema.schema, pointer: schema.pointer });
  return isObject(led?.value) ? led.value : {};
}

/** Values that a parameter with an enum that may grow takes no more. */
function extensible(context: Context, before: Parameter, after: Parameter, say: Say): void {
  const values = extensibleValues(schemaOf(context, 'next', after));
  for (const value of values ? (extensibleValues(schemaOf(context, 'old', before)) ?? []) : []) {
    if (!values?.some((one) => canonical(one) === canonical(value)))
      say(
        'request-parameter-x-extensible-enum-value-removed',
        `had ${JSON.stringify(value)} among its values`,
      );
  }
}

/** Defaults of what may be left out. */
function defaults(context: Context, before: Parameter, after: Parameter, say: Say): void {
  if (after.required) return;
  const [one, other] = [schemaOf(context, 'old', before).default, schemaOf(context, 'next', after).default];
  if (canonical(one) === canonical(other) && (one === undefined) === (other === undefined)) return;
  if (one === undefined) say('request-parameter-default-value-added', `has the default ${told(other)}`);
  else if (other === undefined)
    say('request-parameter-default-value-removed', `had the default ${told(one)} and has none`);
  else say('request-parameter-default-value-changed', `had the default ${told(one)} and has ${told(other)}`);
}

const told = (value: unknown): string => (JSON.stringify(value) ?? 'none').slice(0, 80);

function ends({ context, was, now, place }: Pair, before: Parameter, after: Parameter): Change[] {
  const notice = noticeDays[stabilityOf(now.lifecycle) ?? stabilityOf(was.lifecycle) ?? 'stable'];
  return sunset(before.lifecycle, after.lifecycle, context.today, notice).map(({ end, message }) => {
    const rules: Record<typeof end, OpenApiRule> = {
      deprecated: 'request-parameter-deprecated',
      reactivated: 'request-parameter-reactivated',
      missing: 'request-parameter-deprecated-sunset-missing',
      parse: 'request-parameter-sunset-parse',
      small: 'request-parameter-sunset-date-too-small',
      deleted: 'request-parameter-sunset-deleted',
      changed: 'request-parameter-sunset-date-changed-too-small',
    };
    const text = `${named(after)} of ${place.endpoint} ${message}`;
    return changeBy(rules[end], { place: placeOf(place, after), pointer: after.pointer, message: text });
  });
}
