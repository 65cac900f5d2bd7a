import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { FlagKey, FlagKind } from '../authoring/flag.ts';
import { readEnvironment } from '../environments/environments.ts';
import { killFlag, reviveFlag } from '../kill-switches/kill.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { differences } from '../registry/diff.ts';
import { deleteFlag, putFlag, rollbackFlag } from '../registry/flags.ts';
import { type FlagVersion, readHistory, readVersion } from '../registry/history.ts';
import { readFlags } from '../registry/snapshot.ts';
import { flagSummary, flagView } from '../registry/view.ts';
import {
  EnvironmentName,
  FlagChange,
  FlagDiff,
  FlagHistory,
  FlagPage,
  type FlagVersionView,
  FlagView,
  Why,
} from '../schemas.ts';

const Environment = z.strictObject({ environment: EnvironmentName });
export const FlagParams = Environment.extend({ flag: FlagKey });
const path = '/flags/environments/{environment}/flags';
const one = `${path}/{flag}`;

const shown = async (environment: string, key: string): Promise<FlagView> => {
  const flags = await readFlags(await readEnvironment(environment));
  return flagView(environment, key, flags, await readKillSwitches(environment));
};

const versionView = ({ version, action, at, by, why, flag }: FlagVersion): FlagVersionView => ({
  version,
  action,
  at,
  by,
  why,
  flag,
});

const Listed = pageQuery.extend({
  tag: z.string().max(63).optional(),
  kind: FlagKind.optional(),
  killed: z.enum(['true', 'false']).optional(),
});

const reading: Route[] = [
  route({
    method: 'GET',
    path,
    summary: 'List flags of an environment, by key',
    needs: needs('view_flags'),
    params: Environment,
    query: Listed,
    responses: { 200: FlagPage },
    async handler({ params, query }) {
      const { flags } = await readFlags(await readEnvironment(params.environment));
      const switches = await readKillSwitches(params.environment);
      const after = query.cursor === undefined ? undefined : decodeCursor(z.string(), query.cursor);
      const wanted = [...flags]
        .filter(([key]) => after === undefined || key > after)
        .map(([key, stored]) => flagSummary(key, stored, switches))
        .filter(({ tags }) => query.tag === undefined || tags.includes(query.tag))
        .filter(({ kind }) => query.kind === undefined || kind === query.kind)
        .filter(({ killed }) => query.killed === undefined || String(killed) === query.killed)
        .toSorted((one, other) => (one.key < other.key ? -1 : 1));
      const items = wanted.slice(0, query.limit);
      const next = wanted.length > items.length ? items.at(-1)?.key : undefined;
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: one,
    summary: 'Show a flag as it was written',
    needs: needs('view_flags'),
    params: FlagParams,
    responses: { 200: FlagView },
    handler: async ({ params }) => ({ status: 200, body: await shown(params.environment, params.flag) }),
  }),
  route({
    method: 'GET',
    path: `${one}/history`,
    summary: 'List the versions of a flag, newest first: who changed what, when and why',
    description: 'Of a deleted flag, too.',
    needs: needs('view_flags'),
    params: FlagParams,
    query: pageQuery,
    responses: { 200: FlagHistory },
    async handler({ params, query }) {
      const { environment, flag } = params;
      const before = query.cursor === undefined ? undefined : decodeCursor(z.int(), query.cursor);
      const flags = await readFlags(await readEnvironment(environment));
      const versions = await readHistory(environment, flag, flags, { limit: query.limit, before });
      const last = versions.at(-1)?.version ?? 1;
      const next = versions.length === query.limit && last > 1 ? last : undefined;
      return { status: 200, body: pageBody(versions.map(versionView), next) };
    },
  }),
  route({
    method: 'GET',
    path: `${one}/diff`,
    summary: 'Show where two versions of a flag differ',
    needs: needs('view_flags'),
    params: FlagParams,
    query: z.strictObject({
      from: z.coerce.number().int().min(1),
      to: z.coerce.number().int().min(1).optional().describe('The newest unless it is said'),
    }),
    responses: { 200: FlagDiff },
    async handler({ params, query }) {
      const { environment, flag } = params;
      const flags = await readFlags(await readEnvironment(environment));
      const newest = flags.flags.get(flag)?.version ?? flags.deleted.get(flag)?.version ?? 1;
      const { from, to = newest } = query;
      const [before, after] = [
        await readVersion(environment, flag, flags, from),
        await readVersion(environment, flag, flags, to),
      ];
      return {
        status: 200,
        body: { from, to, differences: differences(before.flag ?? undefined, after.flag ?? undefined) },
      };
    },
  }),
];

const changing: Route[] = [
  route({
    method: 'PUT',
    path: one,
    summary: 'Make a flag, or take another one in its place',
    description:
      'All of it is sent. The environment’s whole document is made and read before anything is stored; then it is deployed as the environment says, or waits for the deployment that goes on.',
    needs: needs('change_flags'),
    params: FlagParams,
    body: FlagChange,
    responses: { 200: FlagView, 201: FlagView },
    async handler({ params, body, caller, logger, metrics }) {
      const { environment, flag: key } = params;
      const { version, why, ...flag } = body;
      const { created } = await putFlag(environment, key, flag, version, { by: caller.subject, why });
      await tryToBringOn(environment, { logger, metrics });
      return { status: created ? 201 : 200, body: await shown(environment, key) };
    },
  }),
  route({
    method: 'DELETE',
    path: one,
    summary: 'Delete a flag that no other one needs; its history stays',
    needs: needs('change_flags'),
    params: FlagParams,
    query: z.strictObject({
      version: z.coerce.number().int().min(1).optional().describe('That the caller saw'),
      why: Why,
    }),
    responses: { 204: z.undefined() },
    async handler({ params, query, caller, logger, metrics }) {
      const reason = { by: caller.subject, why: query.why };
      await deleteFlag(params.environment, params.flag, query.version, reason);
      await tryToBringOn(params.environment, { logger, metrics });
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'POST',
    path: `${one}/rollback`,
    summary: 'Take a former version of a flag, as a new version; a deleted flag comes back',
    needs: needs('change_flags'),
    params: FlagParams,
    body: z.strictObject({ version: z.int().min(1), why: Why }),
    responses: { 200: FlagView },
    async handler({ params, body, caller, logger, metrics }) {
      const { environment, flag } = params;
      await rollbackFlag(environment, flag, body.version, { by: caller.subject, why: body.why });
      await tryToBringOn(environment, { logger, metrics });
      return { status: 200, body: await shown(environment, flag) };
    },
  }),
];

const KillBody = z.strictObject({ why: z.string().min(1).max(1_000) });

const killing: Route[] = [
  route({
    method: 'POST',
    path: `${one}/kill`,
    summary: 'Switch a flag off at once, for everybody',
    description:
      'Wins over everything that the flag says, and over deployments that go on. Flags that need it are off with it.',
    needs: needs('kill_flags'),
    params: FlagParams,
    body: KillBody,
    responses: { 200: FlagView },
    async handler({ params, body, caller, logger, metrics }) {
      const { environment, flag } = params;
      await killFlag(environment, flag, { by: caller.subject, why: body.why });
      await tryToBringOn(environment, { logger, metrics });
      return { status: 200, body: await shown(environment, flag) };
    },
  }),
  route({
    method: 'POST',
    path: `${one}/revive`,
    summary: 'Give a killed flag back to what its environment says',
    needs: needs('kill_flags'),
    params: FlagParams,
    body: KillBody,
    responses: { 200: FlagView },
    async handler({ params, body, caller, logger, metrics }) {
      const { environment, flag } = params;
      await reviveFlag(environment, flag, { by: caller.subject, why: body.why });
      await tryToBringOn(environment, { logger, metrics });
      return { status: 200, body: await shown(environment, flag) };
    },
  }),
];

export const flagRoutes: Route[] = [...reading, ...changing, ...killing];
