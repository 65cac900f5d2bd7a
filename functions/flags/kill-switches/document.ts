import type { KeyedFlag } from '../authoring/compile-flag.ts';
import type { JsonObject } from '../authoring/json.ts';

/** Why somebody switched a flag off. */
export interface Kill {
  why: string;
  by: string;
  at: string;
}

/** A flag as the kill switch has it: its off variant for everybody, and where it has none, the code's own default. */
function killedFlag({ flag }: KeyedFlag, { why }: Kill, because: string | undefined): JsonObject {
  const metadata = { killed: true, why, ...(because === undefined ? {} : { because }) };
  if (flag.off === null) return { state: 'DISABLED', variants: flag.variants, metadata };
  return { state: 'ENABLED', variants: flag.variants, defaultVariant: flag.off, metadata };
}

/**
 * The document of kill switches: flags that are killed, and those that cannot have what they need of them any more.
 * A killed flag that is gone keeps what it had in `former`.
 */
export function killSwitchDocument(
  flags: readonly KeyedFlag[],
  kills: Readonly<Record<string, Kill>>,
  former: Readonly<Record<string, unknown>>,
): JsonObject {
  const byKey = new Map(flags.map((one) => [one.key, one]));
  const compiled = new Map<string, unknown>();
  /** The variant that each gives by now. */
  const given = new Map<string, string>();
  const open: string[] = [];
  for (const [key, kill] of Object.entries(kills)) {
    const found = byKey.get(key);
    const kept = Object.hasOwn(former, key) ? former[key] : undefined;
    if (found === undefined && kept === undefined) continue;
    compiled.set(key, found === undefined ? kept : killedFlag(found, kill, undefined));
    given.set(key, found?.flag.off ?? '');
    open.push(key);
  }
  const needing = new Map<string, KeyedFlag[]>();
  for (const one of flags)
    for (const { flag } of one.flag.prerequisites) needing.set(flag, [...(needing.get(flag) ?? []), one]);
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const dependant of needing.get(key) ?? []) {
      const unmet = dependant.flag.prerequisites.some(
        ({ flag, variant }) => flag === key && given.get(key) !== variant,
      );
      if (!unmet || given.has(dependant.key)) continue;
      const why = `It needs ${key}, which is switched off`;
      compiled.set(dependant.key, killedFlag(dependant, { why, by: '', at: '' }, key));
      given.set(dependant.key, dependant.flag.off ?? '');
      open.push(dependant.key);
    }
  }
  // Keys of the prototype are refused where flags are written, so none can be here.
  return JSON.parse(
    JSON.stringify({
      $schema: 'https://flagd.dev/schema/v0/flags.json',
      flags: Object.fromEntries(compiled),
    }),
  );
}
