import type { Change as Found } from '@graphql-inspector/core';
import { diffSchema } from '@graphql-inspector/core/diff/schema';
import type { GraphQLSchema } from 'graphql';
import type { Change, Level, Place } from '../changes.ts';
import type { CompareOptions } from '../description-kind.ts';
import { pointerTo } from '../json-schema/document.ts';
import { weighByUsage } from '../usage.ts';
import { announcementOf } from './announced.ts';
import { type Changed, Examples } from './examples.ts';
import { announcedRules, graphqlRules, type InspectorRule } from './rules.ts';

/**
 * What changed from one GraphQL schema to the next. Every change of `@graphql-inspector/core` is one of ours; a break has
 * an operation that the old schema takes and the new one refuses, or says why there is none.
 */
export function compareSchemas(old: GraphQLSchema, next: GraphQLSchema, options: CompareOptions): Change[] {
  const examples = new Examples(old, next);
  const found = diffSchema(old, next);
  const fresh = new Set(found.filter(isNew).map(({ path }) => path ?? ''));
  return found
    .filter((one) => !isPartOfNew(one, fresh) && !isTold(one))
    .map((one) => changeOf(one, { old, next, examples, options }));
}

interface Context {
  old: GraphQLSchema;
  next: GraphQLSchema;
  examples: Examples;
  options: CompareOptions;
}

const isNew = ({ type }: { type: string }) =>
  type === 'TYPE_ADDED' || type === 'FIELD_ADDED' || type === 'DIRECTIVE_ADDED';

/** What a new type has is new with it, and not worth a line of its own. */
function isPartOfNew({ type, path = '' }: Found, fresh: ReadonlySet<string>): boolean {
  const steps = path.split('.');
  if (type.startsWith('DIRECTIVE_ARGUMENT_ADDED')) return fresh.has(path);
  const above = steps.slice(0, -1).map((_, at) => steps.slice(0, at + 1).join('.'));
  return above.some((one) => fresh.has(one)) || (!isNew({ type }) && fresh.has(path));
}

/** Deprecations of fields and values have changes of their own: those of the directive that says it would say it twice. */
function isTold({ type, path = '' }: Found): boolean {
  if (!/@deprecated(\.|$)/.test(path) || !type.startsWith('DIRECTIVE_USAGE_')) return false;
  return /_(FIELD_DEFINITION|ENUM_VALUE|ARGUMENT)_(ADDED|REMOVED)$/.test(type);
}

function changeOf(found: Found, context: Context): Change {
  const id = found.type.toLowerCase().replaceAll('_', '-') as InspectorRule;
  const changed = changedOf(found);
  const announced = announcedChange(id, found, changed, context);
  if (announced) return announced;
  const { direction, remedy } = graphqlRules[id];
  const level = levelOf(id, found);
  const shown = level === 'breaking' ? context.examples.of(id, changed) : undefined;
  return {
    rule: id,
    level,
    direction,
    place: placeOf(id, changed),
    pointer: pointerOf(changed),
    message: sentence(found.message, whyNotYet(id, changed, context), typeof shown === 'string' ? shown : ''),
    ...(typeof shown === 'object' && { example: shown }),
    remedy: level === 'info' ? 'None needed.' : remedy,
  };
}

const removals: Partial<Record<InspectorRule, keyof typeof announcedRules>> = {
  'field-removed': 'field-removed-as-announced',
  'field-argument-removed': 'field-argument-removed-as-announced',
  'input-field-removed': 'input-field-removed-as-announced',
  'enum-value-removed': 'enum-value-removed-as-announced',
};

/** The change as a warning, when what is gone was deprecated until a day that has come and is not known to be used. */
function announcedChange(
  id: InspectorRule,
  { message }: Found,
  changed: Changed,
  { old, options: { today, usage } }: Context,
): Change | undefined {
  const rule = removals[id];
  const removal = rule && announcementOf(old, changed)?.removal;
  if (!rule || !removal || removal > today) return undefined;
  const place = placeOf(id, changed);
  const { direction, remedy } = announcedRules[rule];
  const told = sentence(message, `It was deprecated until ${removal}`);
  const change: Change = {
    rule,
    level: 'warning',
    direction,
    place,
    pointer: pointerOf(changed),
    message: told,
    remedy,
  };
  // What somebody uses all the same is told as the break that it is, by the rule of breaks.
  const [weighed] = usage ? weighByUsage([{ ...change, level: 'breaking' }], usage) : [];
  return weighed?.usedBy ? undefined : change;
}

/** What there is to say of a deprecated element that is gone before its time. */
function whyNotYet(id: InspectorRule, changed: Changed, { old, options }: Context): string {
  if (!removals[id]) return '';
  const announcement = announcementOf(old, changed);
  if (!announcement) return 'It was not deprecated';
  const { removal } = announcement;
  if (removal === undefined)
    return 'It was deprecated, but the reason names no day of removal, such as "removal 2027-01-31"';
  return removal > options.today ? `It was announced for ${removal}, which has not come` : '';
}

function levelOf(id: InspectorRule, { criticality }: Found): Level {
  // graphql counts it among the breaking ones, and it is: who repeats it is refused.
  if (id === 'directive-repeatable-removed') return 'breaking';
  const level = criticality.level;
  return level === 'BREAKING' ? 'breaking' : level === 'DANGEROUS' ? 'warning' : 'info';
}

/** What a change is of: the steps of its path, without those into directives that stand there. */
function changedOf({ type, path = '', meta }: Found): Changed {
  const [first = '', ...rest] = path.split('.');
  const steps = rest.slice(0, rest.findIndex((step) => step.startsWith('@')) >>> 0);
  const text = (...names: string[]): string | undefined =>
    names.map((name) => meta[name]).find((one) => typeof one === 'string' && one !== '');
  if (type.startsWith('SCHEMA_')) {
    const operation = /^SCHEMA_(QUERY|MUTATION|SUBSCRIPTION)_/.exec(type)?.[1] ?? '';
    const name = `${operation.charAt(0)}${operation.slice(1).toLowerCase()}`;
    const root = text(`old${name}TypeName`, `new${name}TypeName`) ?? 'schema';
    return { type: root, other: operation.toLowerCase() };
  }
  if (first === '' || first.startsWith('@')) {
    const argument = steps[0] ?? text('addedDirectiveArgumentName');
    return { type: first || 'schema', argument, other: text('removedDirectiveLocation') };
  }
  const other = text('removedUnionMemberTypeName', 'addedUnionMemberTypeName', 'removedInterfaceName');
  return { type: first, field: steps[0], argument: steps[1], other };
}

function placeOf(id: InspectorRule, { type, field, argument }: Changed): Extract<Place, { kind: 'type' }> {
  // Who is hurt by a field that has to be given is who gives the input: nobody can have used the field.
  const one = id === 'input-field-added' ? undefined : field;
  return {
    kind: 'type',
    type,
    ...(one !== undefined && { field: one }),
    ...(argument !== undefined && { argument }),
  };
}

const pointerOf = ({ type, field, argument }: Changed) =>
  pointerTo('', type, ...[field, argument].filter((one) => one !== undefined));

const sentence = (...parts: string[]) => parts.filter((part) => part !== '').join('. ');
