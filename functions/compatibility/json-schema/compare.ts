import type { Change, Direction, Example, Place } from '../changes.ts';
import { type Difference, isLenient } from './differences.ts';
import { type Dialect, pointerTo } from './document.ts';
import { Nodes } from './nodes.ts';
import { type KindName, kinds, levelOf } from './rules.ts';
import { Sameness } from './sameness.ts';
import { Subset } from './subset.ts';
import { type SchemaSide, type Validate, validatorOf } from './validator.ts';
import { type Witness, witnessOf } from './witness.ts';

/** Where the compared schemas stand, and which way documents go. */
export interface Subject {
  direction: Direction;
  /** `accepts`: documents come from the consumer. `promises`: they go to it. */
  role: 'accepts' | 'promises';
  /** The beginning of the rules' names: `request`, `response`, `consumed-event`, `published-event`. */
  prefix: string;
  place: Extract<Place, { kind: 'endpoint' | 'event' | 'schema' }>;
  /**
   * Where an object is open, may documents have had anything under a name that it did not declare? `lenient`, the default:
   * nobody is taken to send such. `strict`: they may, so that to declare an optional property breaks.
   */
  content?: Content | undefined;
}

export type Content = 'lenient' | 'strict';

type Way = 'narrowed' | 'widened';

interface Directed {
  difference: Difference;
  way: Way;
}

/** For so many changes of one comparison an example is looked for; the others are told without. */
const MOST_EXAMPLES = 60;

/**
 * Compares schemas of two documents that share definitions, and keeps what it learnt of these from one schema to the next.
 */
export class SchemaComparison {
  readonly #before: Nodes;
  readonly #after: Nodes;
  readonly #subsets: Record<Way, Subset>;
  readonly #sameness: Sameness | undefined;
  /** Changes that have an example: the same definition may be used in a hundred places. */
  readonly #shown = new Set<string>();
  #examples = MOST_EXAMPLES;

  constructor(old: Dialect, next: Dialect) {
    this.#before = new Nodes(old);
    this.#after = new Nodes(next);
    // The same words of two dialects may mean different things.
    this.#sameness = old === next ? new Sameness() : undefined;
    this.#subsets = {
      narrowed: new Subset(this.#before, this.#after, this.#sameness),
      widened: new Subset(this.#after, this.#before, this.#sameness),
    };
  }

  /**
   * What changed from one schema to the next. Documents that were valid and are so no more are looked for one way, and
   * those that are newly valid the other; a breaking change has a document that shows it, or says why there is none.
   */
  compare(old: SchemaSide, next: SchemaSide, subject: Subject): Change[] {
    if (this.#sameness?.same(rootOf(old), rootOf(next))) return [];
    const [first, second] = [nodeOf(this.#before, old), nodeOf(this.#after, next)];
    const { narrowed, widened } = this.#subsets;
    const all: Directed[] = [
      ...narrowed.begin(first, second).map((difference) => ({ difference, way: 'narrowed' as const })),
      ...widened.begin(second, first).map((difference) => ({ difference, way: 'widened' as const })),
    ];
    const validators = lazily(() => ({ old: validatorOf(old), next: validatorOf(next) }));
    return merged(all, subject).map(({ difference, way }) => {
      const forgiven = isLenient(difference) && subject.content !== 'strict';
      const harmful = (way === 'narrowed') === (subject.role === 'accepts') && !forgiven;
      const key = JSON.stringify([
        pointerOf(difference, way, next),
        difference.kind,
        difference.subject,
        way,
      ]);
      const looks = harmful && !this.#shown.has(key) && this.#examples-- > 0;
      const witness = looks ? this.#witness(difference, way, validators()) : undefined;
      const why = looks ? notFound : this.#shown.has(key) ? shownElsewhere : notLookedFor;
      if (witness) this.#shown.add(key);
      // A proof says more than that nobody compared.
      const kind = difference.kind === 'not-compared' && witness ? 'refused' : difference.kind;
      return changeOf({ ...difference, kind }, way, subject, next, witness ?? why);
    });
  }

  /** A value that a schema of one side allows; undefined when none was found. */
  sample(side: 'old' | 'next', one: SchemaSide): unknown {
    const [nodes, subset] =
      side === 'old' ? [this.#before, this.#subsets.narrowed] : [this.#after, this.#subsets.widened];
    nodes.begin();
    subset.samples.begin();
    return subset.samples.of(nodeOf(nodes, one), 1)[0];
  }

  #witness(difference: Difference, way: Way, { old, next }: Validators): Witness | undefined {
    if (!old || !next) return undefined;
    const [accepted, refused] = way === 'narrowed' ? [old, next] : [next, old];
    return witnessOf(difference, this.#subsets[way].samples, accepted, refused);
  }
}

interface Validators {
  old: Validate | undefined;
  next: Validate | undefined;
}

const openContent =
  '. The object is open, so that a document may have had anything under the name, as the example has';
const notFound = 'No example document was found that shows it';
const shownElsewhere = 'Another change of the same definition has an example';
const notLookedFor = `No example was looked for, since there are more than ${MOST_EXAMPLES} such changes`;

const rootOf = ({ root }: SchemaSide) => ({ schema: root.schema, pointer: root.pointer, root });
const nodeOf = (nodes: Nodes, side: SchemaSide) => nodes.of([rootOf(side)]);

/** Of these the same field may have one that breaks and others that do not, each worth telling. */
const told = new Set<KindName>([
  'enum-value',
  'property-optional',
  'required',
  'required-undeclared',
  'property-refused',
]);

/** Each once; and of what goes both ways, as when a text became a number, only the way that breaks. */
function merged(all: readonly Directed[], { role }: Subject): Directed[] {
  const harmful = role === 'accepts' ? 'narrowed' : 'widened';
  const breaking = new Set<string>();
  const kept = new Map<string, Directed>();
  for (const one of [...all].sort((a, b) => Number(b.way === harmful) - Number(a.way === harmful))) {
    const { kind, subject } = one.difference;
    const place = JSON.stringify([kind, fieldOf(one.difference)]);
    if (one.way === harmful) breaking.add(place);
    else if (breaking.has(place) && !told.has(kind)) continue;
    kept.set(JSON.stringify([place, one.way, subject]), one);
  }
  return [...kept.values()];
}

const about = new Set<KindName>(['required', 'required-undeclared', 'property-optional', 'property-refused']);

/** The field that a difference is about: the place, or the property of it that is there, or is not. */
function fieldOf({ kind, subject, trail }: Difference): string {
  const steps = trail.map(({ field }) => field);
  return pointerTo('', ...steps, ...(about.has(kind) ? [subject] : []));
}

/** Where it stands in the new contract; in the old one, when it is gone. */
function pointerOf({ a, b }: Difference, way: Way, next: SchemaSide): string {
  const [before, after] = way === 'narrowed' ? [a, b] : [b, a];
  return (after.parts[0] ?? before.parts[0])?.pointer ?? next.root.pointer;
}

function changeOf(
  difference: Difference,
  way: Way,
  subject: Subject,
  next: SchemaSide,
  shown: Witness | string,
): Change {
  const { kind, inA, inB } = difference;
  // What is forgiven unless content is strict: then a document is the only proof that it breaks.
  const proved = isLenient(difference) && typeof shown !== 'string';
  const level = proved ? 'breaking' : levelOf(kind, way, subject.role);
  const [was, is] = way === 'narrowed' ? [inA, inB] : [inB, inA];
  const field = fieldOf(difference);
  const why = level === 'breaking' && typeof shown === 'string' ? `. ${shown}` : '';
  const example: Example | undefined =
    typeof shown === 'string'
      ? undefined
      : {
          ...shown,
          acceptedBy: way === 'narrowed' ? 'old' : 'new',
          refusedBy: way === 'narrowed' ? 'new' : 'old',
        };
  return {
    rule: `${subject.prefix}-${kinds[kind][way].rule}`,
    level,
    direction: subject.direction,
    place: { ...subject.place, field },
    pointer: pointerOf(difference, way, next),
    message: `At ${field || 'the whole'}, expected as before: ${was}. Found: ${is}${proved ? openContent : why}`,
    ...(example && { example }),
    remedy: level === 'info' ? 'None needed.' : kinds[kind].remedy,
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
