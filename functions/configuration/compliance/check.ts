import type { JsonSchema } from '#compatibility/json-schema/document.ts';
import { brokenBy } from '../keys/check.ts';
import { layerOf, specificity } from '../resolution/layers.ts';
import type { ConfigurationKey, Content, LayerName } from '../schemas.ts';
import type { Rule, Violation, Where } from './schemas.ts';

/** A value of one key in one layer. */
export interface Held {
  layer: LayerName;
  content: Content;
}

/** One key as it stands in all its layers. */
export interface KeyValues {
  namespace: string;
  key: string;
  /** What holds where no layer says anything. */
  default?: unknown;
  held: readonly Held[];
}

const dimensions = ['service', 'environment', 'tenant'] as const;

/** Whether `*` of a pattern can stand for what the text has more. Takes time that grows with the text, whatever the pattern. */
export function fits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether a rule speaks of this key at all. */
export const speaksOf = (
  { namespace, key }: Where,
  of: Pick<ConfigurationKey, 'namespace' | 'key'>,
): boolean => (namespace === undefined || namespace === of.namespace) && fits(key, of.key);

/** For whom both a layer and a rule speak, at its most general; undefined when for nobody. */
function together(layer: LayerName, where: Where): LayerName | undefined {
  const both: LayerName = { namespace: layer.namespace };
  for (const one of dimensions) {
    if (layer[one] !== undefined && where[one] !== undefined && layer[one] !== where[one]) return undefined;
    const name = layer[one] ?? where[one];
    if (name !== undefined) both[one] = name;
  }
  return both;
}

/** Whether a layer says something to a reader. */
const reaches = (layer: LayerName, reader: LayerName): boolean =>
  dimensions.every((one) => layer[one] === undefined || layer[one] === reader[one]);

/** The value that a reader gets; undefined: no layer says anything to it. */
function wins(held: readonly Held[], reader: LayerName): Held | undefined {
  let best: Held | undefined;
  for (const one of held) {
    if (!reaches(one.layer, reader)) continue;
    if (best === undefined || specificity(one.layer) > specificity(best.layer)) best = one;
  }
  return best;
}

/**
 * What breaks a rule, of one key. Every value that any reader of whom the rule speaks gets is looked at, each once: where
 * a layer wins for somebody, it wins for those of whom it and the rule speak at their most general, since fewer layers
 * speak to them.
 */
export function violationsOf(rule: Rule, of: KeyValues): Violation[] {
  const { where } = rule;
  if (!speaksOf(where, of)) return [];
  const all: LayerName = { namespace: of.namespace };
  const readers = [all, ...of.held.map(({ layer }) => layer)].flatMap(
    (layer) => together(layer, where) ?? [],
  );
  const seen = new Set<Held | undefined>();
  const found: Violation[] = [];
  for (const reader of readers.toSorted((one, other) => specificity(one) - specificity(other))) {
    const held = wins(of.held, reader);
    if (seen.has(held)) continue;
    seen.add(held);
    const problem = problemOf(rule.require, held, of);
    if (problem === undefined) continue;
    found.push({
      rule: rule.name,
      level: rule.level,
      key: { ...reader, key: of.key },
      from: held === undefined ? null : { ...layerOf({ ...held.layer, key: of.key }), key: of.key },
      problem,
    });
  }
  return found;
}

function problemOf(require: JsonSchema, held: Held | undefined, of: KeyValues): string | undefined {
  // What is sealed is looked into by nobody but its readers.
  if (held?.content.kind === 'secret') return undefined;
  const value = held === undefined ? of.default : held.content.value;
  if (value === undefined) return undefined;
  const [broken] = brokenBy(require, value);
  if (broken === undefined) return undefined;
  return `${broken.pointer === '' ? 'the value' : broken.pointer} ${broken.detail}`;
}
