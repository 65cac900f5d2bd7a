import type { Description } from '#compatibility/descriptions.ts';
import { checkMode, MOST_VERSIONS, type ModeCheck } from '#compatibility/json-schema/modes.ts';
import { SchemaIncompatible } from '../errors.ts';
import type { ApiRecord } from '../records.ts';
import { descriptionOf } from './descriptions.ts';
import { positionOf } from './order.ts';
import type { NewApiVersion } from './version-schemas.ts';

/** Versions that may differ as they like are of different groups: majors, and minors below 1.0.0. Dates are all one. */
export function groupOf(version: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(version)) return '';
  const [major, minor] = version.split('.');
  return major === '0' ? `0.${minor}` : `${major}`;
}

/**
 * Why a JSON Schema may not follow the versions of its group by the mode of its API, for what nobody accepted; undefined
 * when it may, and for other kinds.
 */
export async function incompatibleWith(
  api: ApiRecord,
  { version, accept }: Pick<NewApiVersion, 'version' | 'accept'>,
  next: Description,
): Promise<SchemaIncompatible | undefined> {
  if (next.kind !== 'json-schema') return undefined;
  const older = api.versions
    .slice(0, positionOf(api, version).at)
    .filter((one) => one.status !== 'removed' && groupOf(one.version) === groupOf(version))
    .slice(-MOST_VERSIONS);
  const { mode, content } = api.settings.compatibility;
  const asked = mode.endsWith('_TRANSITIVE') ? older : older.slice(-1);
  const history = await Promise.all(
    asked.map(async (one) => ({ version: one.version, read: await descriptionOf(one, api.settings.kind) })),
  );
  const sides = history.flatMap(({ version: name, read }) =>
    read.kind === 'json-schema' ? [{ version: name, side: read.side }] : [],
  );
  const { checks } = checkMode(sides, next.side, { mode, content });
  const failed = checks
    .map((check) => withoutAccepted(check, accept))
    .filter(({ changes }) => changes.length > 0);
  const [first] = failed;
  if (first === undefined) return undefined;
  return new SchemaIncompatible(
    `${api.id} ${version} is not ${mode} after ${first.against}: ${first.changes[0]?.message ?? ''}`,
    {
      evidence: { api: api.id, version, mode, content, checks: failed.slice(0, 10).map(brief) },
      action:
        'Register it as a new major version, or change the mode of the API; on purpose: name the rules in `accept`, with a reason.',
    },
  );
}

const withoutAccepted = (check: ModeCheck, accept: readonly string[]): ModeCheck => ({
  ...check,
  changes: check.changes.filter(({ level, rule }) => level === 'breaking' && !accept.includes(rule)),
});

const brief = ({ against, way, writer, reader, changes }: ModeCheck) => ({
  against,
  way,
  writer,
  reader,
  changes: changes.slice(0, 5).map(({ rule, pointer, example }) => ({ rule, pointer, example })),
});
