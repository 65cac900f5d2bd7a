import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { ACCOUNT, REGION } from '../step-functions/arns.ts';
import { badRequest, notFound } from './failures.ts';
import { predefinedStrategies } from './growth.ts';
import * as model from './model.ts';
import { openRecords } from './records.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** An id as AppConfig gives them: seven letters and digits. */
export const newResourceId = (): string =>
  Array.from({ length: 7 }, () => letters.charAt(randomInt(letters.length))).join('');

export const applicationArn = (id: string) => `arn:aws:appconfig:${REGION}:${ACCOUNT}:application/${id}`;
export const environmentArn = ({ applicationId, id }: { applicationId: string; id: string }) =>
  `${applicationArn(applicationId)}/environment/${id}`;
export const profileArn = ({ applicationId, id }: { applicationId: string; id: string }) =>
  `${applicationArn(applicationId)}/configurationprofile/${id}`;
export const associationArn = (id: string) =>
  `arn:aws:appconfig:${REGION}:${ACCOUNT}:extensionassociation/${id}`;

/** A name of a resource, checked; throws BadRequestException. */
export function nameFrom(name: string | undefined, most: number): string {
  if (name !== undefined && name.length >= 1 && name.length <= most) return name;
  throw badRequest(`A name has 1 to ${most} characters, '${name ?? ''}' has ${name?.length ?? 0}`);
}

/** What is described and tagged, as it came in. */
export const described = (input: {
  Description?: string | undefined;
  Tags?: Record<string, string> | undefined;
}) => ({
  ...(input.Description === undefined ? {} : { description: input.Description }),
  tags: input.Tags ?? {},
});

/** One page of a list: at most 50 items, and the token of the next page if there is one. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  input: { MaxResults?: number | undefined; NextToken?: string | undefined },
): { Items: T[]; NextToken?: string } {
  const most = input.MaxResults ?? 50;
  if (!Number.isInteger(most) || most < 1 || most > 50)
    throw badRequest(`MaxResults is 1 to 50, this is ${most}`);
  let from = 0;
  if (input.NextToken !== undefined) {
    const after = Buffer.from(input.NextToken, 'base64url').toString('utf8');
    from = items.findIndex((item) => keyOf(item) === after) + 1;
    if (from === 0) throw badRequest('The NextToken is of no page');
  }
  const Items = items.slice(from, from + most);
  const last = Items.at(-1);
  return last === undefined || from + most >= items.length
    ? { Items }
    : { Items, NextToken: Buffer.from(keyOf(last)).toString('base64url') };
}

/** Everything that AppConfig keeps, in files below `directory`. */
export function openStore(directory: string) {
  const folder = (name: string) => join(directory, name);
  const contents = folder('contents');
  mkdirSync(contents, { recursive: true, mode: 0o700 });
  const contentFile = (profileId: string, number: number) =>
    join(contents, model.versionId(profileId, number));
  const kinds = {
    applications: openRecords(folder('applications'), model.application),
    environments: openRecords(folder('environments'), model.environment),
    profiles: openRecords(folder('profiles'), model.profile),
    versions: openRecords(folder('versions'), model.version),
    strategies: openRecords(folder('strategies'), model.strategy),
    associations: openRecords(folder('associations'), model.association),
    deployments: openRecords(folder('deployments'), model.deployment),
  };
  const found = <T>(record: T | undefined, what: string, id: string | number | undefined): T => {
    if (record === undefined) throw notFound(what, String(id));
    return record;
  };

  const deploymentsOf = (environmentId: string): model.DeploymentRecord[] =>
    kinds.deployments
      .all()
      .filter((one) => one.environmentId === environmentId)
      .sort((a, b) => b.number - a.number);

  return {
    ...kinds,
    application: (id = ''): model.ApplicationRecord =>
      found(kinds.applications.get(id), 'the application', id),
    environment(applicationId = '', id = ''): model.EnvironmentRecord {
      const record = kinds.environments.get(id);
      return found(record?.applicationId === applicationId ? record : undefined, 'the environment', id);
    },
    profile(applicationId = '', id = ''): model.ProfileRecord {
      const record = kinds.profiles.get(id);
      return found(
        record?.applicationId === applicationId ? record : undefined,
        'the configuration profile',
        id,
      );
    },
    version: (profileId: string, number = 0): model.VersionRecord =>
      found(kinds.versions.get(model.versionId(profileId, number)), 'the configuration version', number),
    strategy: (id = ''): model.StrategyRecord =>
      found(
        predefinedStrategies.find((one) => one.id === id) ?? kinds.strategies.get(id),
        'the deployment strategy',
        id,
      ),
    deployment: (environmentId: string, number = 0): model.DeploymentRecord =>
      found(kinds.deployments.get(model.deploymentId(environmentId, number)), 'the deployment', number),
    /** Of an environment, the newest first. */
    deploymentsOf,
    /** What a profile serves to everybody in an environment: its deployment that was completed last. */
    inForce: (environmentId: string, profileId: string): model.DeploymentRecord | undefined =>
      deploymentsOf(environmentId).find((one) => one.profileId === profileId && one.state === 'COMPLETE'),
    writeContent: (profileId: string, number: number, content: Uint8Array): Promise<void> =>
      writeDurably(contentFile(profileId, number), content),
    readContent: (profileId: string, number: number): Promise<Buffer> =>
      readFile(contentFile(profileId, number)),
    removeContent: (profileId: string, number: number): Promise<void> =>
      rm(contentFile(profileId, number), { force: true }),
    /** Resolves when everything that was changed is on disk. */
    settled: async (): Promise<void> => {
      await Promise.all(Object.values(kinds).map((records) => records.settled()));
    },
  };
}
export type Store = ReturnType<typeof openStore>;
