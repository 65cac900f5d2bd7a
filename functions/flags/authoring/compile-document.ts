import {
  compileFlag,
  type KeyedFlag,
  type PrerequisiteLogic,
  usesSharedRules,
  variantLogic,
} from './compile-flag.ts';
import type { Json, JsonObject } from './json.ts';

/** Prerequisites of prerequisites, at most. */
const mostLevels = 10;

/** What is wrong with flags together; `pointer` is within the flag. */
export interface FlagsProblem {
  flag: string;
  pointer: string;
  detail: string;
}

/** What all flags of an environment are together. */
export interface Authored {
  flags: readonly KeyedFlag[];
  /** Rules that targetings of documents that were taken over share: `$evaluators`. */
  evaluators: JsonObject;
  metadata: JsonObject;
}

/** The name under which a document has the decision of a flag that others need. */
const decisionName = (flag: string) => `flag:${flag}`;

/** Flags that need this one directly, with the variant that they need. */
export const dependantsOf = (key: string, flags: readonly KeyedFlag[]): { flag: string; variant: string }[] =>
  flags.flatMap((one) =>
    one.flag.prerequisites
      .filter(({ flag }) => flag === key)
      .map(({ variant }) => ({ flag: one.key, variant })),
  );

/** Prerequisites that are not there, cannot give what is needed, or need each other. At most 100. */
export function prerequisiteProblems(flags: readonly KeyedFlag[]): FlagsProblem[] {
  const byKey = new Map(flags.map((one) => [one.key, one]));
  const problems = flags.flatMap(({ key, flag }) =>
    flag.prerequisites.flatMap((needed, at): FlagsProblem[] => {
      const other = byKey.get(needed.flag);
      const problem = (part: string, detail: string) => [
        { flag: key, pointer: `/prerequisites/${at}/${part}`, detail },
      ];
      if (other === undefined) return problem('flag', `There is no flag ${needed.flag} in this environment`);
      if (!Object.hasOwn(other.flag.variants, needed.variant)) {
        const names = Object.keys(other.flag.variants).slice(0, 10).join(', ');
        return problem(
          'variant',
          `${needed.flag} has no variant ${needed.variant}: expected one of ${names}`,
        );
      }
      const { form } = other.flag;
      if (form.type === 'definition' && form.targeting !== undefined && usesSharedRules(form.targeting))
        return problem(
          'flag',
          `${needed.flag} uses shared rules of a document, and no other flag can need it`,
        );
      return [];
    }),
  );
  return [...problems, ...circles(byKey)].slice(0, 100);
}

/** Flags that need themselves in the end, and chains that are too long. */
function circles(byKey: ReadonlyMap<string, KeyedFlag>): FlagsProblem[] {
  const levels = new Map<string, number>();
  const found: FlagsProblem[] = [];
  /** How many levels are below; the way here is at most the number of levels plus one. */
  function levelsBelow(key: string, way: readonly string[]): number {
    const known = levels.get(key);
    if (known !== undefined) return known;
    const needed = byKey.get(key)?.flag.prerequisites ?? [];
    let deepest = 0;
    for (const [at, { flag }] of needed.entries()) {
      const pointer = `/prerequisites/${at}/flag`;
      const circle = [...way, key];
      if (circle.includes(flag)) {
        const names = [...circle.slice(circle.indexOf(flag)), flag].join(' → ');
        found.push({ flag: key, pointer, detail: `Flags need each other in a circle: ${names}` });
        continue;
      }
      if (circle.length > mostLevels) {
        found.push({
          flag: key,
          pointer,
          detail: `Expected at most ${mostLevels} levels of prerequisites, found more`,
        });
        break;
      }
      deepest = Math.max(deepest, 1 + levelsBelow(flag, circle));
    }
    levels.set(key, deepest);
    return deepest;
  }
  for (const key of byKey.keys()) {
    const below = levelsBelow(key, []);
    if (below > mostLevels)
      found.push({
        flag: key,
        pointer: '/prerequisites',
        detail: `Expected at most ${mostLevels} levels of prerequisites, found ${below}`,
      });
  }
  return found;
}

/**
 * All flags as one document of flagd; what flags need of each other stands in `$evaluators`. Their prerequisites have no
 * problems: see `prerequisiteProblems`.
 */
export function compileDocument({ flags, evaluators, metadata }: Authored): JsonObject {
  const byKey = new Map(flags.map((one) => [one.key, one]));
  const decisions = new Map<string, Json>();
  // Written out, not referred to: readers put shared rules in their places once, in no certain order.
  const writtenOut: PrerequisiteLogic = (key) => {
    const known = decisions.get(key);
    if (known !== undefined) return known;
    const other = byKey.get(key);
    const logic = other === undefined ? '' : variantLogic(other, writtenOut);
    decisions.set(key, logic);
    return logic;
  };
  const shared: JsonObject = {};
  const referred: PrerequisiteLogic = (key) => {
    const logic = writtenOut(key);
    // The same for everybody: there is nothing to share.
    if (typeof logic === 'string') return logic;
    shared[decisionName(key)] = logic;
    return { $ref: decisionName(key) };
  };
  const compiled = Object.fromEntries(flags.map((one) => [one.key, compileFlag(one, referred)]));
  const rules = { ...evaluators, ...shared };
  return {
    $schema: 'https://flagd.dev/schema/v0/flags.json',
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(Object.keys(rules).length === 0 ? {} : { $evaluators: rules }),
    flags: compiled,
  };
}
