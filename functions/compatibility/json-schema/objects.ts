import { accepts } from './accepts.ts';
import type { Alternative, Node, ObjectFacts, PropertyLayer } from './alternatives.ts';
import type { Comparison, Difference, Found } from './differences.ts';
import { matches } from './nodes.ts';
import { freshName, type Wish } from './sample.ts';
import { sizeDifferences } from './scalars.ts';
import { samplesOf } from './strings.ts';

type Either = Found | Difference;

/** What objects of `one` may be and those of the facts `y` may not. */
export function objectDifferences(
  comparison: Comparison,
  one: Alternative,
  x: ObjectFacts,
  y: ObjectFacts,
): Either[] {
  const sample = (wish: Wish = {}) => comparison.samples.ofAlternative(one, wish);
  const required = requiredDifferences(x, y, sample);
  const spokenOf = new Set(
    required.filter(({ kind }) => kind === 'required-undeclared').map(({ subject }) => subject),
  );
  return [
    ...required,
    ...properties(comparison, one, x, y, spokenOf),
    ...otherProperties(comparison, one, x, y),
    ...matchingProperties(comparison, one, x, y),
    ...sizes(comparison, x, y, sample),
    ...names(comparison, x, y, sample),
    ...dependents(x, y, sample),
  ];
}

type Sample = (wish?: Wish) => unknown[];

function requiredDifferences(x: ObjectFacts, y: ObjectFacts, sample: Sample): Found[] {
  return y.required
    .filter((name) => !x.required.includes(name))
    .map((name) => ({
      kind: declares(x, name) ? ('required' as const) : ('required-undeclared' as const),
      subject: name,
      inA: `${JSON.stringify(name)} ${declares(x, name) ? 'may be left out' : 'is not spoken of'}`,
      inB: `${JSON.stringify(name)} has to be there`,
      values: () => sample({ without: name }),
    }));
}

/** Each property that either side names. */
function properties(
  comparison: Comparison,
  one: Alternative,
  x: ObjectFacts,
  y: ObjectFacts,
  spokenOf: ReadonlySet<string | undefined>,
): Either[] {
  const all = new Set([...namesOf(x), ...namesOf(y), ...x.required]);
  return [...all].flatMap((name): Either[] => {
    const [a, b] = [comparison.a.property(x, name), comparison.b.property(y, name)];
    if (a.parts.length > 0 && comparison.same(a, b)) return [];
    if (a.alternatives().length === 0) return [];
    if (b.alternatives().length === 0) {
      const values = () =>
        comparison.samples
          .of(a)
          .flatMap((value) => comparison.samples.ofAlternative(one, { properties: { [name]: value } }));
      const said = JSON.stringify(name);
      return [
        { kind: 'property-refused', subject: name, inA: `${said} is allowed`, inB: `${said} is not`, values },
      ];
    }
    const open = a.parts.length === 0 && !x.fixed.has(name);
    if (open && !declares(x, name) && !x.required.includes(name)) {
      if (!declares(y, name) || spokenOf.has(name)) return [];
      return [declaredNow(name, () => othersUnder(comparison, one, name, b))];
    }
    return comparison.under({ alternative: one, property: name, field: name }, a, b);
  });
}

const declaredNow = (subject: string, values: () => unknown[]): Found => ({
  kind: 'property-optional',
  subject,
  inA: `${JSON.stringify(subject)} is not spoken of`,
  inB: `${JSON.stringify(subject)} is declared`,
  values,
});

/** Objects of `one` that have something else under a name than what it is declared to be now: nobody is taken to send them. */
function othersUnder(comparison: Comparison, one: Alternative, name: string, declared: Node): unknown[] {
  return ['a', 1, true, null, {}, []]
    .filter((value) => accepts(comparison.b, declared, value) !== true)
    .flatMap((value) => comparison.samples.ofAlternative(one, { properties: { [name]: value } }));
}

/** Properties that neither side names: whether they may be there at all, and what they may be. */
function otherProperties(comparison: Comparison, one: Alternative, x: ObjectFacts, y: ObjectFacts): Either[] {
  const [a, b] = [comparison.a.otherProperty(x), comparison.b.otherProperty(y)];
  if (a.alternatives().length === 0 || isFull(x)) return [];
  const property = freshName([x, y]);
  if (b.alternatives().length === 0) {
    const values = () =>
      comparison.samples
        .of(a)
        .flatMap((value) => comparison.samples.ofAlternative(one, { properties: { [property]: value } }));
    return [{ kind: 'closed', inA: 'other properties are allowed', inB: 'no other properties are', values }];
  }
  return comparison.under({ alternative: one, property, field: '*' }, a, b);
}

/** Properties whose names match a pattern of either side. Where patterns differ, each is held against all that it may meet. */
function matchingProperties(
  comparison: Comparison,
  one: Alternative,
  x: ObjectFacts,
  y: ObjectFacts,
): Either[] {
  const [own, others] = [patternsOf(x), patternsOf(y)];
  const found = own.flatMap((pattern) => {
    const a = comparison.a.matchingProperty(x, pattern);
    if (a.alternatives().length === 0) return [];
    const [property] = namesLike(pattern, x, y);
    const step = { alternative: one, property: property ?? freshName([x, y]), field: '*' };
    const meets = others.includes(pattern) ? [pattern] : others.filter((other) => !own.includes(other));
    const held = meets.flatMap((other) => comparison.under(step, a, comparison.b.matchingProperty(y, other)));
    return others.includes(pattern)
      ? held
      : [...held, ...comparison.under(step, a, comparison.b.otherProperty(y))];
  });
  const rest = comparison.a.otherProperty(x);
  if (rest.alternatives().length === 0) return found;
  return [
    ...found,
    ...others
      .filter((pattern) => !own.includes(pattern))
      .flatMap((pattern): Either[] => {
        // An open object says nothing about the names of a new pattern: as with a property that is declared.
        const [property] = namesLike(pattern, x, y);
        const declared = comparison.b.matchingProperty(y, pattern);
        if (rest.parts.length === 0)
          return [
            declaredNow(pattern, () => othersUnder(comparison, one, property ?? freshName([x, y]), declared)),
          ];
        const step = { alternative: one, property: property ?? freshName([x, y]), field: '*' };
        return comparison.under(step, rest, declared);
      }),
  ];
}

function sizes(comparison: Comparison, x: ObjectFacts, y: ObjectFacts, sample: Sample): Found[] {
  const closed = comparison.a.otherProperty(x).alternatives().length === 0 && patternsOf(x).length === 0;
  const sure = {
    min: Math.max(x.min, x.required.length),
    max: closed ? Math.min(x.max, namesOf(x).length) : x.max,
  };
  const values = () => [...sample(), ...(Number.isFinite(y.max) ? sample({ size: y.max + 1 }) : [])];
  return sizeDifferences(sure, y, 'properties', 'properties').map((found) => ({ ...found, values }));
}

/** Where names are not restricted and the object is open, only what it declares is held against the other's restriction. */
function names(comparison: Comparison, x: ObjectFacts, y: ObjectFacts, sample: Sample): Found[] {
  const [a, b] = [comparison.a.names(x), comparison.b.names(y)];
  if (b.parts.length === 0) return [];
  const closed = comparison.a.otherProperty(x).alternatives().length === 0 && patternsOf(x).length === 0;
  if (closed && namesOf(x).every((name) => accepts(comparison.b, b, name) === true)) return [];
  const step = { alternative: { facts: x, literals: undefined, opaque: [] }, field: '*' };
  const differences = comparison.under(step, a, b).filter(({ kind }) => kind !== 'type' && kind !== 'null');
  if (differences.length === 0) return [];
  const values = () =>
    ['Extra', 'extra', 'a b', '', '1', 'a'.repeat(200), ...namesOf(x)].flatMap((name) => {
      const [value] = comparison.samples.of(comparison.a.property(x, name), 1);
      return value === undefined ? [] : sample({ properties: { [name]: value } });
    });
  return [
    {
      kind: 'property-names',
      inA: a.parts.length > 0 ? 'other names' : 'any names',
      inB: 'certain names',
      values,
    },
  ];
}

function dependents(x: ObjectFacts, y: ObjectFacts, sample: Sample): Found[] {
  const held = ([name, needed]: readonly [string, string]) =>
    x.required.includes(needed) || x.dependents.some(([one, other]) => one === name && other === needed);
  return y.dependents
    .filter((pair) => !held(pair))
    .map(([name, needed]) => ({
      kind: 'dependent',
      subject: `${name} ${needed}`,
      inA: `${JSON.stringify(needed)} may be left out`,
      inB: `${JSON.stringify(needed)} has to be there with ${JSON.stringify(name)}`,
      values: () => sample({ without: needed, with: name }),
    }));
}

/** Whether no property can be there but those that have to. */
const isFull = ({ max, required }: ObjectFacts) => max <= required.length;

export const namesOf = (facts: ObjectFacts): string[] => [
  ...new Set([...facts.layers.flatMap(({ properties }) => [...properties.keys()]), ...facts.fixed.keys()]),
];

const patternsOf = ({ layers }: ObjectFacts): string[] => [
  ...new Set(layers.flatMap(({ patterns }) => patterns.map(({ pattern }) => pattern))),
];

const declares = ({ layers, fixed }: ObjectFacts, name: string): boolean =>
  fixed.has(name) || layers.some((layer) => layerDeclares(layer, name));

const layerDeclares = ({ properties, patterns }: PropertyLayer, name: string) =>
  properties.has(name) || patterns.some(({ pattern }) => matches(pattern, name));

/** Names that match a pattern and that nobody names. */
function namesLike(pattern: string, x: ObjectFacts, y: ObjectFacts): string[] {
  const named = new Set([...namesOf(x), ...namesOf(y)]);
  return [...samplesOf(pattern), 'a', 'x-a', 'aa', '1'].filter(
    (name) => matches(pattern, name) && !named.has(name),
  );
}
