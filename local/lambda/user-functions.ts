import { join } from 'node:path';
import {
  type DeleteFunctionCommandInput,
  type DeleteFunctionCommandOutput,
  type FunctionConfiguration,
  type GetFunctionCommandInput,
  type GetFunctionCommandOutput,
  type GetFunctionConfigurationCommandInput,
  type GetFunctionConfigurationCommandOutput,
  type GetProvisionedConcurrencyConfigCommandInput,
  type ListVersionsByFunctionCommandInput,
  type ListVersionsByFunctionCommandOutput,
  ProvisionedConcurrencyConfigNotFoundException,
  type PublishVersionCommandInput,
  type PublishVersionCommandOutput,
  ResourceConflictException,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import { knownFields } from '../known-fields.ts';
import { openAliasRecords } from './alias-records.ts';
import { aliasesOf, weighted } from './aliases.ts';
import { type Answer, failure, invalid, latest, staleRevision } from './answers.ts';
import { functionArn, parseFunctionName } from './arn.ts';
import type { FurtherFunctions } from './runtime.ts';
import { codeIn, digestOf, importVersion, type VersionCode } from './user-code.ts';

/** As a function has that says nothing else, s. */
const timeoutSeconds = 30;
const memoryMb = 128;
/** Lambda gives at most this many of a list at once. */
const pageSize = 50;

export interface UserFunctionsOptions {
  /** Of their code (see codeIn); undefined without any. */
  folder: string | undefined;
  /** What aliases say is durable below it. */
  directory: string;
  /** The platform's own functions, whose names are not to be had. */
  reserved: Readonly<Record<string, unknown>>;
  /** 0 ≤ x < 1: which of an alias's two versions takes a call. */
  random: () => number;
}

/**
 * Users' own functions on the laptop: versions are files, $LATEST is the last of them, aliases are of Lambda's own kind.
 * Throws when the folder cannot be read, or names a function of the platform's.
 */
export async function openUserFunctions(options: UserFunctionsOptions) {
  const code = codeIn(options.folder);
  const records = openAliasRecords(join(options.directory, 'lambda'));
  const taken = (await code.names()).find((name) => Object.hasOwn(options.reserved, name));
  if (taken !== undefined)
    throw new Error(`${options.folder} has a function ${taken}, as the platform has; give it another name.`);
  const hint =
    options.folder === undefined ? '; `theseus dev --functions <folder>` brings functions of your own' : '';
  const notFound = (arn: string) =>
    new ResourceNotFoundException({ ...failure, message: `Function not found: ${arn}${hint}` });
  let turn: Promise<unknown> = Promise.resolve();

  /** Changes happen one after another, so that a revision is compared with what is replaced. */
  function inTurn<I, O>(change: (input: I) => Promise<O>): (input: I) => Promise<O> {
    return (input) => {
      const mine = turn.then(() => change(input));
      turn = mine.catch(() => {});
      return mine;
    };
  }

  async function versionsOf(name: string): Promise<VersionCode[]> {
    const { deleted } = records.of(name);
    const found = (await code.versions(name)).filter(({ version }) => !deleted.includes(version));
    if (found.length === 0) throw notFound(functionArn(name));
    return found;
  }

  /** The version's code: a number, $LATEST, or of an alias the one that `pick` says. Throws ResourceNotFoundException. */
  async function codeOf(name: string, qualifier: string): Promise<VersionCode> {
    const versions = await versionsOf(name);
    const version = qualifier === latest ? versions.at(-1)?.version : qualifier;
    const found = versions.find((one) => one.version === version);
    if (found === undefined) throw notFound(`${functionArn(name)}:${qualifier}`);
    return found;
  }

  const { aliasOf, createAlias, getAlias, updateAlias } = aliasesOf(records, async (name, version) => {
    await codeOf(name, version);
  });

  /** Where a call with this qualifier goes; undefined when there is no such function, version or alias. */
  const choose: FurtherFunctions['choose'] = async (name, qualifier) => {
    const alias = aliasOf(name, qualifier);
    try {
      const chosen = await codeOf(name, alias === undefined ? qualifier : weighted(alias, options.random()));
      const version = qualifier === latest ? latest : chosen.version;
      const definition = { load: () => importVersion(chosen), timeoutSeconds, memoryMb };
      return { file: chosen.file, version, definition };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };

  async function configurationOf(
    name: string,
    one: VersionCode,
    shown = one.version,
  ): Promise<FunctionConfiguration> {
    const { sha256, bytes } = await digestOf(one);
    return {
      FunctionName: name,
      FunctionArn: shown === latest ? functionArn(name) : `${functionArn(name)}:${shown}`,
      Version: shown,
      CodeSha256: sha256,
      CodeSize: bytes,
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Timeout: timeoutSeconds,
      MemorySize: memoryMb,
      RevisionId: `${one.version}-${sha256}`,
      State: 'Active',
      LastUpdateStatus: 'Successful',
    };
  }

  async function getFunctionConfiguration(
    input: GetFunctionConfigurationCommandInput,
  ): Answer<GetFunctionConfigurationCommandOutput> {
    knownFields('Lambda.GetFunctionConfiguration', input, ['FunctionName', 'Qualifier']);
    const given = parseFunctionName(input.FunctionName ?? '');
    const qualifier = input.Qualifier ?? given.version;
    const alias = aliasOf(given.name, qualifier);
    const found = await codeOf(given.name, alias?.functionVersion ?? qualifier);
    return configurationOf(given.name, found, qualifier === latest ? latest : found.version);
  }

  async function getFunction(input: GetFunctionCommandInput): Answer<GetFunctionCommandOutput> {
    return { Configuration: await getFunctionConfiguration(input), Tags: {} };
  }

  async function listVersions(
    input: ListVersionsByFunctionCommandInput,
  ): Answer<ListVersionsByFunctionCommandOutput> {
    knownFields('Lambda.ListVersionsByFunction', input, ['FunctionName', 'Marker', 'MaxItems']);
    const { name } = parseFunctionName(input.FunctionName ?? '');
    const versions = await versionsOf(name);
    const last = versions.at(-1);
    const all = [
      ...(last === undefined ? [] : [{ one: last, shown: latest }]),
      ...versions.map((one) => ({ one, shown: one.version })),
    ];
    const from = Number(input.Marker ?? 0);
    const to = from + Math.min(input.MaxItems ?? pageSize, pageSize);
    return {
      Versions: await Promise.all(
        all.slice(from, to).map(({ one, shown }) => configurationOf(name, one, shown)),
      ),
      ...(to < all.length ? { NextMarker: String(to) } : {}),
    };
  }

  /** The files are published as they are: $LATEST has changed when there is a further one, which then has its number. */
  async function publishVersion(input: PublishVersionCommandInput): Answer<PublishVersionCommandOutput> {
    knownFields('Lambda.PublishVersion', input, ['FunctionName', 'CodeSha256', 'RevisionId', 'Description']);
    const { name } = parseFunctionName(input.FunctionName ?? '');
    const configuration = await configurationOf(name, await codeOf(name, latest));
    if (input.RevisionId !== undefined && input.RevisionId !== configuration.RevisionId)
      throw staleRevision();
    if (input.CodeSha256 !== undefined && input.CodeSha256 !== configuration.CodeSha256) {
      throw invalid(
        `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${configuration.CodeSha256}).`,
      );
    }
    return configuration;
  }

  async function deleteFunction(input: DeleteFunctionCommandInput): Answer<DeleteFunctionCommandOutput> {
    knownFields('Lambda.DeleteFunction', input, ['FunctionName', 'Qualifier']);
    const given = parseFunctionName(input.FunctionName ?? '');
    const version = input.Qualifier ?? given.version;
    if (!/^\d+$/.test(version))
      throw invalid(`Only a version can be deleted on the laptop, found '${version}'.`);
    await codeOf(given.name, version);
    const record = records.of(given.name);
    const used = record.aliases.find((one) => one.functionVersion === version || version in one.weights);
    if (used !== undefined) {
      throw new ResourceConflictException({
        ...failure,
        message: `Version ${version} is used by the alias ${used.name}.`,
      });
    }
    await records.save({ ...record, deleted: [...record.deleted, version] });
    return { StatusCode: 204 };
  }

  async function getProvisionedConcurrency(
    input: GetProvisionedConcurrencyConfigCommandInput,
  ): Promise<never> {
    const given = parseFunctionName(input.FunctionName ?? '');
    await codeOf(
      given.name,
      aliasOf(given.name, input.Qualifier ?? '')?.functionVersion ?? input.Qualifier ?? latest,
    );
    throw new ProvisionedConcurrencyConfigNotFoundException({
      ...failure,
      message: 'No Provisioned Concurrency Config found for this function',
    });
  }

  for (const name of await code.names()) {
    for (const [Name, FunctionVersion] of Object.entries(await code.aliases(name))) {
      // What was made before has moved on since.
      if (aliasOf(name, Name) === undefined) await createAlias({ FunctionName: name, Name, FunctionVersion });
    }
  }

  return {
    choose,
    handlers: {
      GetFunction: getFunction,
      GetFunctionConfiguration: getFunctionConfiguration,
      ListVersionsByFunction: listVersions,
      PublishVersion: inTurn(publishVersion),
      CreateAlias: inTurn(createAlias),
      GetAlias: getAlias,
      UpdateAlias: inTurn(updateAlias),
      DeleteFunction: inTurn(deleteFunction),
      GetProvisionedConcurrencyConfig: getProvisionedConcurrency,
    },
    /** Every change is on disk when its call returns; this waits for those under way. */
    async stop(): Promise<void> {
      await turn;
    },
  };
}
