import { forConsumer } from '#compatibility/consumers.ts';
import { satisfies } from '#compatibility/ranges.ts';
import { compareKnown } from '../registry/check.ts';
import { baseOf, knownOf } from '../registry/dependants.ts';
import type { VersionRecord } from '../registry/records.ts';
import type { ConsumerRecord } from './records.ts';
import { readConsumer } from './store.ts';

export interface VersionsFor {
  allowed: VersionRecord[];
  /** Versions in the consumer's range that break it all the same. */
  excluded: { version: string; why: string }[];
}

/** What was found before, by the contracts compared: they never change. */
const mostKept = 1_000;
const kept = new Map<string, string | null>();

/** Why a consumer does not go on with a version; null when it does. */
async function whyNot(
  consumer: ConsumerRecord,
  base: VersionRecord,
  version: VersionRecord,
): Promise<string | null> {
  if (base.contract === null || version.contract === null || base.version === version.version) return null;
  const key = [base.contract.id, version.contract.id, consumer.consumer, consumer.updatedAt].join(' ');
  const known = kept.get(key);
  if (known !== undefined) return known;
  const verdict = forConsumer(compareKnown(await knownOf(base), await knownOf(version)), consumer.contract);
  const breaking = verdict.changes.find(({ level }) => level === 'breaking');
  const why = breaking === undefined ? null : `${breaking.rule}: ${breaking.message}`;
  kept.set(key, why);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return why;
}

/** Which of `asked` a consumer goes on with, by its range and by what it uses. `all`: every version. Throws NotFound. */
export async function versionsFor(
  service: string,
  name: string,
  asked: readonly VersionRecord[],
  all: readonly VersionRecord[],
): Promise<VersionsFor> {
  const consumer = await readConsumer(service, name);
  const base = baseOf(all, consumer.range, consumer.contract.builtAgainst);
  const found: VersionsFor = { allowed: [], excluded: [] };
  for (const version of asked.filter((one) => satisfies(one.version, consumer.range))) {
    const why = base === undefined ? null : await whyNot(consumer, base, version);
    if (why === null) found.allowed.push(version);
    else found.excluded.push({ version: version.version, why });
  }
  return found;
}
