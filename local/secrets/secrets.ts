import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  type CreateSecretCommandInput,
  type CreateSecretCommandOutput,
  DecryptionFailure,
  type DeleteSecretCommandInput,
  type DeleteSecretCommandOutput,
  type DescribeSecretCommandInput,
  type DescribeSecretCommandOutput,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
  InvalidParameterException,
  InvalidRequestException,
  type ListSecretsCommandInput,
  type ListSecretsCommandOutput,
  type PutSecretValueCommandInput,
  type PutSecretValueCommandOutput,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { attach } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import { ACCOUNT, REGION } from '../step-functions/arns.ts';
import { openVault, type SecretRecord, type SecretVersion } from './vault.ts';

type Answer<T> = Promise<Omit<T, '$metadata'>>;

const LIMIT = 65_536;
const DAY_MS = 86_400_000;
const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
/** What AWS keeps of versions without a stage is unspecified; this many are kept here. */
const OLD_VERSIONS = 20;

const failure = { $metadata: {} };
const notFound = (message = "Secrets Manager can't find the specified secret.") =>
  new ResourceNotFoundException({ ...failure, message });

/** Secrets Manager on disk, encrypted. Values are at most 65,536 bytes. */
export function createSecrets(options: { directory: string; clock: Clock }) {
  const vault = openVault(join(options.directory, 'secrets'));
  const { clock } = options;
  let turn: Promise<unknown> = Promise.resolve();

  /** Changes happen one after another: a version's stages move from one version to the next. */
  function inTurn<I, O>(change: (input: I) => Promise<O>): (input: I) => Promise<O> {
    return (input) => {
      const mine = turn.then(() => change(input));
      turn = mine.catch(() => {});
      return mine;
    };
  }

  function find(id: string | undefined, deleted: 'refuse' | 'allow' = 'refuse'): SecretRecord {
    const record = [...vault.records.values()].find((one) => one.name === id || one.arn === id);
    if (!record) throw notFound();
    if (record.deleteAfter === undefined) return record;
    if (record.deleteAfter <= clock.now()) {
      vault.remove(record);
      throw notFound();
    }
    if (deleted === 'allow') return record;
    throw new InvalidRequestException({
      ...failure,
      message: "You can't perform this operation on the secret because it was marked for deletion.",
    });
  }

  function bytesOf(input: { SecretString?: string | undefined; SecretBinary?: Uint8Array | undefined }) {
    if ((input.SecretString === undefined) === (input.SecretBinary === undefined)) {
      throw new InvalidParameterException({
        ...failure,
        message: 'Give either SecretString or SecretBinary.',
      });
    }
    const value =
      input.SecretString === undefined
        ? Buffer.from(input.SecretBinary ?? [])
        : Buffer.from(input.SecretString);
    if (value.length === 0 || value.length > LIMIT) {
      throw new InvalidParameterException({
        ...failure,
        message: `A secret has 1 to ${LIMIT} bytes, this one has ${value.length}.`,
      });
    }
    return { value, kind: input.SecretString === undefined ? ('binary' as const) : ('string' as const) };
  }

  function newVersion(
    arn: string,
    id: string,
    stages: string[],
    value: Buffer,
    kind: SecretVersion['kind'],
  ): SecretVersion {
    return { id, stages, created: clock.now(), kind, sealed: vault.seal(arn, id, value) };
  }

  async function createSecret(input: CreateSecretCommandInput): Answer<CreateSecretCommandOutput> {
    knownFields('SecretsManager.CreateSecret', input, [
      'Name',
      'ClientRequestToken',
      'Description',
      'SecretString',
      'SecretBinary',
      'Tags',
      'KmsKeyId',
    ]);
    const name = input.Name ?? '';
    if (!/^[\w/+=.@-]{1,512}$/.test(name)) {
      throw new InvalidParameterException({
        ...failure,
        message: 'A secret name has 1 to 512 letters, digits and /_+=.@-',
      });
    }
    const id = input.ClientRequestToken ?? randomBytes(16).toString('hex');
    let existing: SecretRecord | undefined;
    try {
      existing = find(name);
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
    if (existing) {
      const same = existing.versions.find((version) => version.id === id);
      if (
        same &&
        same.kind === bytesOf(input).kind &&
        vault.open(existing.arn, same).equals(bytesOf(input).value)
      ) {
        return { ARN: existing.arn, Name: name, VersionId: id };
      }
      throw new ResourceExistsException({
        ...failure,
        message: `The operation failed because the secret ${name} already exists.`,
      });
    }
    const suffix = randomBytes(8)
      .toString('base64')
      .replaceAll(/[^a-zA-Z]/g, '')
      .padEnd(6, 'x')
      .slice(0, 6);
    const arn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${suffix}`;
    const now = clock.now();
    const given =
      input.SecretString === undefined && input.SecretBinary === undefined ? undefined : bytesOf(input);
    await vault.save({
      file: `${createHash('sha256').update(name).digest('hex')}.json`,
      arn,
      name,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      tags: input.Tags ?? [],
      created: now,
      changed: now,
      versions: given ? [newVersion(arn, id, [CURRENT], given.value, given.kind)] : [],
    });
    return { ARN: arn, Name: name, ...(given ? { VersionId: id } : {}) };
  }

  async function putSecretValue(input: PutSecretValueCommandInput): Answer<PutSecretValueCommandOutput> {
    knownFields('SecretsManager.PutSecretValue', input, [
      'SecretId',
      'ClientRequestToken',
      'SecretString',
      'SecretBinary',
      'VersionStages',
    ]);
    const record = find(input.SecretId);
    const { value, kind } = bytesOf(input);
    const id = input.ClientRequestToken ?? randomBytes(16).toString('hex');
    const stages = input.VersionStages ?? [CURRENT];
    const answer = { ARN: record.arn, Name: record.name, VersionId: id, VersionStages: stages };
    const same = record.versions.find((version) => version.id === id);
    if (same) {
      if (same.kind === kind && vault.open(record.arn, same).equals(value))
        return { ...answer, VersionStages: same.stages };
      throw new ResourceExistsException({ ...failure, message: `Version ${id} exists with another value.` });
    }
    const moved = record.versions.map((version) => {
      const left = version.stages.filter((stage) => !stages.includes(stage));
      if (!stages.includes(CURRENT)) return { ...version, stages: left };
      const kept = left.filter((stage) => stage !== PREVIOUS);
      return { ...version, stages: version.stages.includes(CURRENT) ? [...kept, PREVIOUS] : kept };
    });
    const staged = moved.filter((version) => version.stages.length > 0);
    const old = moved.filter((version) => version.stages.length === 0).slice(-OLD_VERSIONS);
    const versions = [...old, ...staged, newVersion(record.arn, id, stages, value, kind)];
    await vault.save({ ...record, changed: clock.now(), versions });
    return answer;
  }

  async function getSecretValue(input: GetSecretValueCommandInput): Answer<GetSecretValueCommandOutput> {
    knownFields('SecretsManager.GetSecretValue', input, ['SecretId', 'VersionId', 'VersionStage']);
    const record = find(input.SecretId);
    const stage = input.VersionStage ?? (input.VersionId ? undefined : CURRENT);
    const version = record.versions.find(
      (one) => (!input.VersionId || one.id === input.VersionId) && (!stage || one.stages.includes(stage)),
    );
    if (!version)
      throw notFound(
        `Secrets Manager can't find the specified secret value for ${input.VersionId ?? stage}.`,
      );
    let value: Buffer;
    try {
      value = vault.open(record.arn, version);
    } catch {
      throw new DecryptionFailure({
        ...failure,
        message: `The value of ${record.name} was sealed with another key or changed.`,
      });
    }
    return {
      ARN: record.arn,
      Name: record.name,
      VersionId: version.id,
      VersionStages: version.stages,
      CreatedDate: new Date(version.created),
      ...(version.kind === 'string'
        ? { SecretString: value.toString('utf8') }
        : { SecretBinary: new Uint8Array(value) }),
    };
  }

  function description(record: SecretRecord) {
    return {
      ARN: record.arn,
      Name: record.name,
      Description: record.description,
      Tags: record.tags,
      CreatedDate: new Date(record.created),
      LastChangedDate: new Date(record.changed),
      DeletedDate: record.deleteAfter === undefined ? undefined : new Date(record.deleteAfter),
    };
  }

  const stagesOf = (record: SecretRecord) =>
    Object.fromEntries(record.versions.map(({ id, stages }) => [id, stages]));

  async function describeSecret(input: DescribeSecretCommandInput): Answer<DescribeSecretCommandOutput> {
    knownFields('SecretsManager.DescribeSecret', input, ['SecretId']);
    const record = find(input.SecretId, 'allow');
    return { ...description(record), VersionIdsToStages: stagesOf(record) };
  }

  async function deleteSecret(input: DeleteSecretCommandInput): Answer<DeleteSecretCommandOutput> {
    knownFields('SecretsManager.DeleteSecret', input, [
      'SecretId',
      'RecoveryWindowInDays',
      'ForceDeleteWithoutRecovery',
    ]);
    const days = input.RecoveryWindowInDays ?? 30;
    if (days < 7 || days > 30 || (input.RecoveryWindowInDays && input.ForceDeleteWithoutRecovery)) {
      throw new InvalidParameterException({
        ...failure,
        message: 'Give RecoveryWindowInDays (7 to 30) or ForceDeleteWithoutRecovery.',
      });
    }
    const record = find(input.SecretId, 'allow');
    const deleteAfter = clock.now() + (input.ForceDeleteWithoutRecovery ? 0 : days * DAY_MS);
    if (input.ForceDeleteWithoutRecovery) vault.remove(record);
    else await vault.save({ ...record, deleteAfter });
    return { ARN: record.arn, Name: record.name, DeletionDate: new Date(deleteAfter) };
  }

  async function listSecrets(input: ListSecretsCommandInput): Answer<ListSecretsCommandOutput> {
    knownFields('SecretsManager.ListSecrets', input, ['MaxResults', 'NextToken', 'IncludePlannedDeletion']);
    const after = input.NextToken ? Buffer.from(input.NextToken, 'base64url').toString('utf8') : '';
    const all = [...vault.records.values()]
      .filter(
        (one) =>
          one.deleteAfter === undefined || (input.IncludePlannedDeletion && one.deleteAfter > clock.now()),
      )
      .filter((one) => one.name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = all.slice(0, input.MaxResults ?? 100);
    const last = page.at(-1)?.name;
    return {
      SecretList: page.map((record) => ({
        ...description(record),
        SecretVersionsToStages: stagesOf(record),
      })),
      ...(last !== undefined && all.length > page.length
        ? { NextToken: Buffer.from(last).toString('base64url') }
        : {}),
    };
  }

  return {
    /** Answers the client's Secrets Manager calls from here; returns the detacher. */
    attach: (client: SecretsManagerClient): (() => void) =>
      attach(client, 'SecretsManager', {
        CreateSecret: inTurn(createSecret),
        PutSecretValue: inTurn(putSecretValue),
        DeleteSecret: inTurn(deleteSecret),
        GetSecretValue: getSecretValue,
        DescribeSecret: describeSecret,
        ListSecrets: listSecrets,
      }),
    /** Every change is on disk when its call returns; this waits for those under way. */
    async stop(): Promise<void> {
      await turn;
    },
  };
}

export type Secrets = ReturnType<typeof createSecrets>;
