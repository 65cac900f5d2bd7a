import { conditionLogic } from './condition.ts';
import { epochSeconds } from './epoch.ts';
import type { Flag } from './flag.ts';
import type { Json, JsonObject } from './json.ts';
import { type Serving, serveLogic } from './serve.ts';

/** A flag with the key that it has in its environment. */
export interface KeyedFlag {
  key: string;
  /** Of the flag: counts its changes. */
  version: number;
  flag: Flag;
}

/** The variant that a prerequisite gives, as JSONLogic. */
export type PrerequisiteLogic = (flag: string) => Json;

const list = (attribute: string, members: string[]): Json => ({ in: [{ var: attribute }, members] });

/** Pairs of a condition and what it gives, then what is given else: the arguments of one `if`. */
interface Decision {
  clauses: Json[];
  otherwise: Json;
}

function formDecision({ form }: Flag, serving: Serving): Decision {
  const rest = (named: string | undefined) => named ?? serving.off;
  switch (form.type) {
    case 'boolean':
      return { clauses: [], otherwise: form.on ? 'on' : serving.off };
    case 'percentage':
      return { clauses: [], otherwise: serveLogic(form, serving) };
    case 'users':
      return {
        clauses: [list('targetingKey', form.users), form.variant],
        otherwise: rest(form.rest),
      };
    case 'tenants':
      return { clauses: [list('tenant', form.tenants), form.variant], otherwise: rest(form.rest) };
    case 'weights':
      return { clauses: [], otherwise: serveLogic(form, serving) };
    case 'rules':
      return {
        clauses: form.rules.flatMap(({ when, serve }) => [conditionLogic(when), serveLogic(serve, serving)]),
        otherwise: serveLogic(form.otherwise, serving),
      };
    default:
      return { clauses: [], otherwise: form.targeting ?? form.defaultVariant };
  }
}

const now: Json = { var: '$flagd.timestamp' };

/** The whole decision of a flag, in the order in which what it says counts: switched off, prerequisites, schedule, form. */
function decisionOf({ key, flag }: KeyedFlag, prerequisite: PrerequisiteLogic): Decision {
  const { off, bucketBy, enabled } = flag;
  // Only definitions may be without an off variant, and they name what they serve themselves.
  const serving: Serving = { key, bucketBy, off: off ?? '' };
  if (!enabled) return { clauses: [], otherwise: off };
  const unmet = flag.prerequisites.flatMap((one): Json[] => [
    { '!==': [prerequisite(one.flag), one.variant] },
    off,
  ]);
  const windows = flag.schedule.flatMap(({ from, until, serve }): Json[] => [
    {
      and: [
        { '>=': [now, epochSeconds(from)] },
        ...(until === undefined ? [] : [{ '<': [now, epochSeconds(until)] }]),
      ],
    },
    serveLogic(serve, serving),
  ]);
  const { clauses, otherwise } = formDecision(flag, serving);
  return { clauses: [...unmet, ...windows, ...clauses], otherwise };
}

const logicOf = ({ clauses, otherwise }: Decision): Json =>
  clauses.length === 0 ? otherwise : { if: [...clauses, otherwise] };

const isDisabled = ({ enabled, off, form }: Flag): boolean =>
  form.type === 'definition' && (form.state === 'DISABLED' || (!enabled && off === null));

function metadataOf({ flag, version }: KeyedFlag): JsonObject {
  const { kind, owner, tags, sticky, expires, form } = flag;
  return {
    ...(form.type === 'definition' ? form.metadata : {}),
    kind,
    version,
    ...(owner === '' ? {} : { owner }),
    ...(tags.length === 0 ? {} : { tags: tags.join(',') }),
    ...(sticky ? { sticky } : {}),
    ...(expires === null ? {} : { expires }),
  };
}

/** A flag as flagd has it. */
export function compileFlag(keyed: KeyedFlag, prerequisite: PrerequisiteLogic): JsonObject {
  const { flag } = keyed;
  const decision = decisionOf(keyed, prerequisite);
  const isFixed = decision.clauses.length === 0 && typeof decision.otherwise === 'string';
  const fallback = flag.form.type === 'definition' && flag.enabled ? flag.form.defaultVariant : flag.off;
  const defaultVariant = isFixed ? decision.otherwise : fallback;
  const targeting =
    isFixed || (decision.otherwise === null && decision.clauses.length === 0) ? undefined : logicOf(decision);
  return {
    state: isDisabled(flag) ? 'DISABLED' : 'ENABLED',
    variants: flag.variants,
    ...(defaultVariant === null ? {} : { defaultVariant }),
    ...(targeting === undefined ? {} : { targeting }),
    metadata: metadataOf(keyed),
  };
}

/** The variant that a flag gives, for others that need it: the name of it in every case, or '' for none. */
export function variantLogic(keyed: KeyedFlag, prerequisite: PrerequisiteLogic): Json {
  const { flag, key } = keyed;
  if (isDisabled(flag)) return '';
  const { form } = flag;
  if (form.type !== 'definition' || !flag.enabled) return logicOf(decisionOf(keyed, prerequisite));
  const fallback = form.defaultVariant ?? '';
  if (form.targeting === undefined) return logicOf(decisionOf(keyed, prerequisite));
  const targeting = namedIn(form.targeting, key);
  // Targeting may say null for the default, and true for the variant of that name.
  const given: Json = { if: [{ '===': [targeting, null] }, fallback, { cat: [targeting] }] };
  const own = { ...flag, form: { ...form, targeting: given } };
  return logicOf(decisionOf({ ...keyed, flag: own }, prerequisite));
}

/** Targeting that means the same inside another flag: what depends on the flag's key has it written out. */
function namedIn(logic: Json, key: string): Json {
  if (typeof logic !== 'object' || logic === null) return logic;
  if (Array.isArray(logic)) return logic.map((item) => namedIn(item, key));
  const [[operator, given] = ['', null]] = Object.entries(logic);
  if (
    operator === 'var' &&
    (given === '$flagd.flagKey' || (Array.isArray(given) && given[0] === '$flagd.flagKey'))
  )
    return key;
  if (operator === 'fractional' && Array.isArray(given) && Array.isArray(given[0])) {
    const who = { var: 'targetingKey' };
    const shares = given.map((item) => namedIn(item, key));
    return { if: [{ '!==': [who, null] }, { fractional: [{ cat: [key, who] }, ...shares] }, null] };
  }
  return { [operator]: namedIn(given, key) };
}

/** Whether it uses rules that its document shares. */
export function usesSharedRules(logic: Json): boolean {
  if (typeof logic !== 'object' || logic === null) return false;
  return Object.hasOwn(logic, '$ref') || Object.values(logic).some(usesSharedRules);
}
