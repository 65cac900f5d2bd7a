import {
  type AliasConfiguration,
  type CreateAliasCommandInput,
  type CreateAliasCommandOutput,
  type GetAliasCommandInput,
  type GetAliasCommandOutput,
  ResourceConflictException,
  ResourceNotFoundException,
  type UpdateAliasCommandInput,
  type UpdateAliasCommandOutput,
} from '@aws-sdk/client-lambda';
import { newId } from '#platform/ids.ts';
import { knownFields } from '../known-fields.ts';
import type { AliasRecord, openAliasRecords } from './alias-records.ts';
import { type Answer, failure, invalid, latest, staleRevision } from './answers.ts';
import { functionArn, parseFunctionName } from './arn.ts';

/** Which version an alias sends a call to; `random` is 0 ≤ x < 1. */
export function weighted({ functionVersion, weights }: AliasRecord, random: number): string {
  const [second] = Object.entries(weights);
  return second !== undefined && random < second[1] ? second[0] : functionVersion;
}

/** Aliases of users' functions as Lambda keeps them. `demandVersion` throws where there is no such version. */
export function aliasesOf(
  records: ReturnType<typeof openAliasRecords>,
  demandVersion: (name: string, version: string) => Promise<void>,
) {
  const aliasOf = (name: string, alias: string): AliasRecord | undefined =>
    records.of(name).aliases.find((one) => one.name === alias);

  const shownAlias = (name: string, alias: AliasRecord): AliasConfiguration => ({
    AliasArn: `${functionArn(name)}:${alias.name}`,
    Name: alias.name,
    Description: alias.description,
    FunctionVersion: alias.functionVersion,
    RevisionId: alias.revisionId,
    ...(Object.keys(alias.weights).length === 0
      ? {}
      : { RoutingConfig: { AdditionalVersionWeights: alias.weights } }),
  });

  /** Refuses what Lambda refuses of an alias. */
  async function checkAlias(name: string, { functionVersion, weights }: AliasRecord): Promise<void> {
    await demandVersion(name, functionVersion);
    const further = Object.entries(weights);
    if (further.length > 1) throw invalid('The maximum number of versions in AdditionalVersionWeights is 1.');
    for (const [version, weight] of further) {
      if (functionVersion === latest || version === latest)
        throw invalid('$LATEST is not supported for an alias pointing to more than 1 version');
      if (version === functionVersion)
        throw invalid(
          `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
        );
      if (!(weight >= 0 && weight <= 1))
        throw invalid(`The weight of version ${version} is ${weight}, not between 0.0 and 1.0.`);
      await demandVersion(name, version);
    }
  }

  async function saveAlias(name: string, alias: AliasRecord): Promise<AliasConfiguration> {
    await checkAlias(name, alias);
    const record = records.of(name);
    const others = record.aliases.filter((one) => one.name !== alias.name);
    await records.save({ ...record, aliases: [...others, alias] });
    return shownAlias(name, alias);
  }

  async function createAlias(input: CreateAliasCommandInput): Answer<CreateAliasCommandOutput> {
    knownFields('Lambda.CreateAlias', input, [
      'FunctionName',
      'Name',
      'FunctionVersion',
      'Description',
      'RoutingConfig',
    ]);
    const { name } = parseFunctionName(input.FunctionName ?? '');
    const alias = input.Name ?? '';
    if (!/^(?!\d+$)[\w-]{1,128}$/.test(alias)) throw invalid(`'${alias}' is no name of an alias.`);
    if (aliasOf(name, alias) !== undefined) {
      throw new ResourceConflictException({
        ...failure,
        message: `Alias already exists: ${functionArn(name)}:${alias}`,
      });
    }
    return saveAlias(name, {
      name: alias,
      description: input.Description ?? '',
      functionVersion: input.FunctionVersion ?? '',
      weights: input.RoutingConfig?.AdditionalVersionWeights ?? {},
      revisionId: newId('rev'),
    });
  }

  function existingAlias(input: GetAliasCommandInput | UpdateAliasCommandInput): {
    name: string;
    alias: AliasRecord;
  } {
    const { name } = parseFunctionName(input.FunctionName ?? '');
    const alias = aliasOf(name, input.Name ?? '');
    if (alias !== undefined) return { name, alias };
    throw new ResourceNotFoundException({
      ...failure,
      message: `Cannot find alias arn: ${functionArn(name)}:${input.Name}`,
    });
  }

  async function getAlias(input: GetAliasCommandInput): Answer<GetAliasCommandOutput> {
    knownFields('Lambda.GetAlias', input, ['FunctionName', 'Name']);
    const { name, alias } = existingAlias(input);
    return shownAlias(name, alias);
  }

  async function updateAlias(input: UpdateAliasCommandInput): Answer<UpdateAliasCommandOutput> {
    knownFields('Lambda.UpdateAlias', input, [
      'FunctionName',
      'Name',
      'FunctionVersion',
      'Description',
      'RoutingConfig',
      'RevisionId',
    ]);
    const { name, alias } = existingAlias(input);
    if (input.RevisionId !== undefined && input.RevisionId !== alias.revisionId) throw staleRevision();
    return saveAlias(name, {
      name: alias.name,
      description: input.Description ?? alias.description,
      functionVersion: input.FunctionVersion ?? alias.functionVersion,
      weights:
        input.RoutingConfig === undefined
          ? alias.weights
          : (input.RoutingConfig.AdditionalVersionWeights ?? {}),
      revisionId: newId('rev'),
    });
  }

  return { aliasOf, createAlias, getAlias, updateAlias };
}
