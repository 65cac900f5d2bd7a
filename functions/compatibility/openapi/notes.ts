import type { Change } from '../changes.ts';
import { canonical, isObject, pointerTo } from '../json-schema/document.ts';
import type { Context, EndpointPlace } from './context.ts';
import { dayOf, noticeDays, stabilityOf } from './lifecycle.ts';
import type { SchemaAt } from './model.ts';
import { type At, followed } from './resolve.ts';
import type { NoteKind, Side } from './rules/notes.ts';
import { changeBy } from './rules/rules.ts';

interface Note {
  kind: NoteKind;
  /** Below the schema that was compared. */
  field: string;
  pointer: string;
  message: string;
}

/** So deep, and so many at one place. */
const [DEEPEST, MOST] = [64, 200];
const known = new WeakMap<Context, Map<string, Note[]>>();

/**
 * What schemas say beside which documents are valid: defaults, deprecations, discriminators, what is only read or only
 * written. Both are walked together by the names of properties, `allOf` looked through.
 */
export function compareNotes(
  context: Context,
  old: SchemaAt | undefined,
  next: SchemaAt | undefined,
  side: Side,
  place: EndpointPlace,
): Change[] {
  if (!old || !next) return [];
  const notes = new Walk(context).compare(at(old), at(next), 0);
  return notes.map(({ kind, field, pointer, message }) =>
    changeBy(`${side}-${kind}`, {
      place: { ...place, field },
      pointer,
      message: `At ${field || 'the whole'}, ${message}`,
    }),
  );
}

const at = ({ schema, pointer }: SchemaAt): At => ({ value: schema, pointer });

class Walk {
  readonly #context: Context;
  readonly #known: Map<string, Note[]>;

  constructor(context: Context) {
    this.#context = context;
    this.#known = known.get(context) ?? new Map();
    known.set(context, this.#known);
  }

  /** Of schemas that lead back to themselves the notes are told where they are met first. */
  compare(old: At, next: At, depth: number): Note[] {
    const one = followed(this.#context.old.document, old);
    const other = followed(this.#context.next.document, next);
    if (!one || !other || !isObject(one.value) || !isObject(other.value) || depth > DEEPEST) return [];
    const key = `${one.pointer} ${other.pointer}`;
    const found = this.#known.get(key);
    if (found) return found;
    this.#known.set(key, []);
    const notes = [...own(one.value, other), ...this.#below(one, other, depth)].slice(0, MOST);
    this.#known.set(key, notes);
    return notes;
  }

  #below(one: At, other: At, depth: number): Note[] {
    const { old, next } = this.#context;
    const [before, after] = [propertiesOf(old.document, one), propertiesOf(next.document, other)];
    const properties = [...before].flatMap(([name, was]) => {
      const now = after.get(name);
      if (!now) return [];
      const field = pointerTo('', name);
      const [a, b] = [followed(old.document, was)?.value, followed(next.document, now)?.value];
      const marks = isObject(a) && isObject(b) ? property(a, b, now.pointer, this.#context.today) : [];
      return [
        ...marks.map((note) => ({ ...note, field })),
        ...under(field, this.compare(was, now, depth + 1)),
      ];
    });
    const items = ['items', 'additionalProperties'].flatMap((key) => {
      const [a, b] = [part(one, key), part(other, key)];
      return a && b ? under('/*', this.compare(a, b, depth + 1)) : [];
    });
    return [
      ...properties,
      ...items,
      ...['oneOf', 'anyOf'].flatMap((key) => this.#forms(one, other, key, depth)),
    ];
  }

  /** Forms are the same by what they refer to, or else by their place. */
  #forms(one: At, other: At, key: string, depth: number): Note[] {
    const [before, after] = [listAt(one, key), listAt(other, key)];
    return before.flatMap((was, index) => {
      const reference = referenceOf(was);
      const now =
        reference === undefined ? after[index] : after.find((form) => referenceOf(form) === reference);
      return now && (reference !== undefined || referenceOf(now) === undefined)
        ? this.compare(was, now, depth + 1)
        : [];
    });
  }
}

const under = (field: string, notes: readonly Note[]): Note[] =>
  notes.map((note) => ({ ...note, field: field + note.field }));

const referenceOf = ({ value }: At): unknown => (isObject(value) ? value.$ref : undefined);

function part({ value, pointer }: At, key: string): At | undefined {
  const one = isObject(value) ? value[key] : undefined;
  return isObject(one) ? { value: one, pointer: pointerTo(pointer, key) } : undefined;
}

function listAt({ value, pointer }: At, key: string): At[] {
  const list = isObject(value) ? value[key] : undefined;
  return Array.isArray(list)
    ? list.map((one: unknown, index) => ({ value: one, pointer: pointerTo(pointer, key, index) }))
    : [];
}

function propertiesOf(document: unknown, schema: At, depth = 0): Map<string, At> {
  const found = new Map<string, At>();
  if (depth > 8) return found;
  for (const one of listAt(schema, 'allOf')) {
    const led = followed(document, one);
    if (led) for (const [name, at] of propertiesOf(document, led, depth + 1)) found.set(name, at);
  }
  const own = part(schema, 'properties');
  for (const [name, value] of own && isObject(own.value) ? Object.entries(own.value) : [])
    found.set(name, { value, pointer: pointerTo(own?.pointer ?? '', name) });
  return found;
}

type Marks = Record<string, unknown>;

/** What is said of a property as such. */
function property(a: Marks, b: Marks, pointer: string, today: string): Note[] {
  const notes: Note[] = [];
  const say = (kind: NoteKind, message: string) => notes.push({ kind, field: '', pointer, message });
  if (
    canonical(a.default) !== canonical(b.default) ||
    (a.default === undefined) !== (b.default === undefined)
  ) {
    if (a.default === undefined)
      say('property-default-value-added', `the default is ${told(b.default)}, and there was none`);
    else if (b.default === undefined)
      say('property-default-value-removed', `the default was ${told(a.default)}, and there is none`);
    else
      say('property-default-value-changed', `the default was ${told(a.default)} and is ${told(b.default)}`);
  }
  if (a.deprecated !== true && b.deprecated === true) {
    say('property-deprecated', 'it is deprecated');
    for (const [kind, message] of announced(b, today)) say(kind, message);
  }
  if (a.deprecated === true && b.deprecated !== true)
    say('property-reactivated', 'it is no longer deprecated');
  if (a.deprecated === true && b.deprecated === true) {
    const [was, is] = [a['x-sunset'], b['x-sunset']];
    if (was !== undefined && is === undefined)
      say('property-sunset-deleted', `the sunset was on ${was}, and none is said`);
    if ((dayOf(is) ?? Number.POSITIVE_INFINITY) < (dayOf(was) ?? 0))
      say('property-sunset-date-changed-too-small', `the sunset was on ${was} and is on ${is}`);
  }
  for (const [key, name] of [
    ['readOnly', 'read-only'],
    ['writeOnly', 'write-only'],
  ] as const) {
    if ((a[key] === true) === (b[key] === true)) continue;
    if (b[key] === true) say(`property-became-${name}`, `it is ${name}, and was not`);
    else say(`property-became-not-${name}`, `it is no longer ${name}`);
  }
  const values = extensibleValues(b);
  for (const value of values ? (extensibleValues(a) ?? []) : []) {
    if (!values?.some((one) => canonical(one) === canonical(value)))
      say('property-x-extensible-enum-value-removed', `${told(value)} was among its values`);
  }
  const [was, is] = [levelOf(a), levelOf(b)];
  if (was !== undefined && is !== undefined && was !== is)
    say(
      is < was ? 'property-stability-decreased' : 'property-stability-increased',
      `it was ${a['x-stability-level']} and is ${b['x-stability-level']}`,
    );
  return notes;
}

/** Whether the end of what is newly deprecated is far enough away; without a level no date is demanded. */
function announced(marks: Marks, today: string): [NoteKind, string][] {
  const sunset = marks['x-sunset'];
  const level = stability(marks);
  const notice = noticeDays[level ?? 'stable'];
  if (sunset === undefined)
    return level && notice > 0
      ? [['property-deprecated-sunset-missing', 'it does not say when it ends']]
      : [];
  const day = dayOf(sunset);
  if (day === undefined) return [['property-sunset-parse', `its x-sunset ${told(sunset)} is no date`]];
  return day < (dayOf(today) ?? 0) + notice
    ? [['property-sunset-date-too-small', `it ends on ${sunset}: ${notice} days from ${today} are the least`]]
    : [];
}

/** The values of an enum that may grow, as Zalando's guidelines have it. */
export function extensibleValues(marks: Marks): readonly unknown[] | undefined {
  const values = marks['x-extensible-enum'];
  return Array.isArray(values) ? values : undefined;
}

const stability = (marks: Marks) =>
  stabilityOf({ deprecated: false, sunset: undefined, stability: marks['x-stability-level'] });

function levelOf(marks: Marks): number | undefined {
  const level = stability(marks);
  return level && ['draft', 'alpha', 'beta', 'stable'].indexOf(level);
}

/** How forms are told apart. */
function own(a: Marks, { value, pointer }: At): Note[] {
  const b = isObject(value) ? value : {};
  const [one, other] = [a.discriminator, b.discriminator];
  const notes: Note[] = [];
  const say = (kind: NoteKind, message: string) =>
    notes.push({ kind, field: '', pointer: pointerTo(pointer, 'discriminator'), message });
  if (!isObject(one) && !isObject(other)) return [];
  if (!isObject(one))
    say(
      'body-discriminator-added',
      `forms are told apart by ${told(isObject(other) ? other.propertyName : other)}`,
    );
  else if (!isObject(other))
    say('body-discriminator-removed', `forms were told apart by ${told(one.propertyName)}`);
  else {
    if (one.propertyName !== other.propertyName)
      say(
        'body-discriminator-property-name-changed',
        `forms were told apart by ${told(one.propertyName)} and are by ${told(other.propertyName)}`,
      );
    const [before, after] = [one.mapping, other.mapping].map((map) => (isObject(map) ? map : {}));
    for (const [name, to] of Object.entries(before ?? {})) {
      if (!after || !Object.hasOwn(after, name))
        say('body-discriminator-mapping-deleted', `${told(name)} stood for ${told(to)}`);
      else if (after[name] !== to)
        say(
          'body-discriminator-mapping-changed',
          `${told(name)} stood for ${told(to)} and stands for ${told(after[name])}`,
        );
    }
    for (const [name, to] of Object.entries(after ?? {}))
      if (!before || !Object.hasOwn(before, name))
        say('body-discriminator-mapping-added', `${told(name)} stands for ${told(to)}`);
  }
  return notes;
}

const told = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
