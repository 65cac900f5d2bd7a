import type { z } from 'zod';
import { type Change, type Verdict, verdictOf } from '#compatibility/changes.ts';
import { checkVersion } from '#compatibility/contracts/compare.ts';
import { compareDescriptions, type Description } from '#compatibility/descriptions.ts';
import type { CompatibilityMode, ContentMode } from '#compatibility/json-schema/mode-names.ts';
import type { Usage } from '#compatibility/usage.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { ApiRecord } from '../records.ts';
import { readUsage } from '../usage/read-usage.ts';
import { descriptionOf } from './descriptions.ts';
import type { ApiComparison } from './version-schemas.ts';
import { compareApiVersions, versionOf } from './versions.ts';

export const mostChanges = 200;

/** A version and what it says. */
export interface Described {
  version: string;
  description: Description;
}

/** Verdicts that were found without usage: large descriptions take seconds to compare, and documents ask again and again. */
const mostKept = 20;
const kept = new Map<string, Verdict>();

/** What one version changes after another, weighed by what a person said and by what consumers used. */
export function verdictOn(
  { settings }: Pick<ApiRecord, 'settings'>,
  old: Description,
  next: Description,
  usage: Usage | null,
): Verdict {
  const options = {
    today: clock.iso().slice(0, 10),
    levels: settings.levels,
    ...settings.compatibility,
  };
  if (usage !== null) return compareDescriptions(old, next, { ...options, usage });
  const key = JSON.stringify([old.digest, next.digest, options]);
  const verdict = kept.get(key) ?? compareDescriptions(old, next, options);
  kept.set(key, verdict);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return verdict;
}

const countOf = (changes: readonly Change[], level: Change['level']): number =>
  changes.filter((one) => one.level === level).length;

/** The number of a version, held against a verdict; null where versions are dates. */
export const numberOf = (
  { settings }: Pick<ApiRecord, 'settings'>,
  from: string,
  to: string,
  verdict: Verdict,
): ApiComparison['number'] =>
  settings.versioning.scheme === 'semver' ? checkVersion(from, to, verdict) : null;

export function comparisonOf(
  api: Pick<ApiRecord, 'id' | 'settings'>,
  from: string | null,
  to: string,
  verdict: Verdict,
  usage: Usage | null,
): ApiComparison {
  const { changes, compatible, bump } = verdict;
  return {
    api: api.id,
    from,
    to,
    compatible,
    bump,
    number: from === null ? null : numberOf(api, from, to, verdict),
    usage: usage === null ? null : { from: usage.from, to: usage.to, sampled: usage.sampled },
    counts: {
      breaking: countOf(changes, 'breaking'),
      warning: countOf(changes, 'warning'),
      info: countOf(changes, 'info'),
    },
    changes: changes.slice(0, mostChanges),
    more: Math.max(0, changes.length - mostChanges),
  };
}

export interface AskedMode {
  mode: CompatibilityMode;
  content: z.infer<typeof ContentMode> | undefined;
}

/**
 * What it changes to go from one registered version to another, whichever is the newer. By a mode, which only JSON
 * Schemas have, `_TRANSITIVE` ones hold the newer against all from the older on. Throws NotFound, InvalidInput.
 */
export async function compareRegistered(
  api: ApiRecord,
  from: string,
  to: string,
  asked?: AskedMode,
): Promise<ApiComparison> {
  if (asked !== undefined) return compareByMode(api, from, to, asked);
  const { kind } = api.settings;
  const [old, next] = [versionOf(api, from), versionOf(api, to)];
  const usage = await readUsage(api);
  const verdict = verdictOn(api, await descriptionOf(old, kind), await descriptionOf(next, kind), usage);
  return comparisonOf(api, from, to, verdict, usage);
}

async function compareByMode(
  api: ApiRecord,
  from: string,
  to: string,
  { mode, content }: AskedMode,
): Promise<ApiComparison> {
  const { kind, versioning } = api.settings;
  if (kind !== 'json-schema') {
    throw new InvalidInput('/query/mode: Only JSON Schemas are compared by a mode', {
      problems: [{ pointer: '/query/mode', detail: `${api.id} is of the kind ${kind}` }],
      action: 'Leave the mode out.',
    });
  }
  const [oldest, newest] = [versionOf(api, from), versionOf(api, to)];
  const between = api.versions.filter(
    ({ version }) =>
      compareApiVersions(versioning, version, from) > 0 && compareApiVersions(versioning, version, to) < 0,
  );
  const older = mode.endsWith('_TRANSITIVE') ? [oldest, ...between] : [oldest];
  const next = await descriptionOf(newest, kind);
  const today = clock.iso().slice(0, 10);
  const found = new Map<string, Change>();
  for (const one of older.toReversed()) {
    const options = { today, mode, content, levels: api.settings.levels };
    for (const change of compareDescriptions(await descriptionOf(one, kind), next, options).changes) {
      const message = older.length > 1 ? `${change.message} (against ${one.version})` : change.message;
      const key = `${change.rule} ${change.direction} ${change.pointer}`;
      if (!found.has(key)) found.set(key, { ...change, message });
    }
  }
  const touched = oldest.description.hash !== newest.description.hash;
  return comparisonOf(api, from, to, verdictOf([...found.values()], touched), null);
}
