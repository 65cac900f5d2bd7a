import type * as sdk from '@aws-sdk/client-appconfig';
import type { CommandHandlers } from '../attach.ts';
import { knownFields } from '../known-fields.ts';
import type { Lambda } from '../lambda/runtime.ts';
import { type Answer, badRequest, conflict, payloadTooLarge, quotaExceeded } from './failures.ts';
import {
  type ProfileRecord,
  type ValidatorRecord,
  type VersionRecord,
  validator,
  versionId,
} from './model.ts';
import { described, nameFrom, newResourceId, pageOf, type Store } from './store.ts';
import { checkValidators, validate } from './validators.ts';

/** Of an application. https://docs.aws.amazon.com/general/latest/gr/appconfig.html */
const mostProfiles = 100;
/** Of a hosted configuration, unless AWS was asked for more; the same page. */
const largestBytes = 2_048 * 1_024;

/** Bytes as the SDK's answers have them. */
export const blob = (bytes: Uint8Array) =>
  Object.assign(new Uint8Array(bytes), {
    transformToString: (encoding: BufferEncoding = 'utf8') => Buffer.from(bytes).toString(encoding),
    // The SDK's own name for bytes with a text reader is not exported by its clients.
  }) as unknown as NonNullable<sdk.GetHostedConfigurationVersionCommandOutput['Content']>;

const profileOf = (record: ProfileRecord) => ({
  ApplicationId: record.applicationId,
  Id: record.id,
  Name: record.name,
  Description: record.description,
  LocationUri: 'hosted',
  Validators: record.validators,
  Type: 'AWS.Freeform',
});

const versionOf = (profile: ProfileRecord, record: VersionRecord) => ({
  ApplicationId: profile.applicationId,
  ConfigurationProfileId: profile.id,
  VersionNumber: record.number,
  Description: record.description,
  ContentType: record.contentType,
  VersionLabel: record.label,
});

async function validatorsFrom(given: readonly sdk.Validator[] | undefined): Promise<ValidatorRecord[]> {
  const parsed = validator.array().safeParse(given ?? []);
  if (!parsed.success) throw badRequest('A validator has a Type, JSON_SCHEMA or LAMBDA, and its Content');
  await checkValidators(parsed.data);
  return parsed.data;
}

/** Configuration profiles and the versions of what is hosted in them. */
export function profileHandlers(store: Store, invoke: Lambda['invoke']): CommandHandlers {
  const { profiles, versions } = store;
  const versionsOf = (profileId: string) =>
    versions
      .all()
      .filter((one) => one.profileId === profileId)
      .sort((a, b) => b.number - a.number);

  /** Whether an environment serves a version, or is about to. */
  const isDeployed = (profileId: string, number: number) =>
    store.environments.all().some(({ id }) => {
      const [newest] = store.deploymentsOf(id);
      return [newest, store.inForce(id, profileId)].some(
        (one) =>
          one?.profileId === profileId &&
          one.version === number &&
          one.state !== 'ROLLED_BACK' &&
          one.state !== 'REVERTED',
      );
    });

  return {
    async CreateConfigurationProfile(
      input: sdk.CreateConfigurationProfileCommandInput,
    ): Answer<sdk.CreateConfigurationProfileCommandOutput> {
      knownFields('AppConfig.CreateConfigurationProfile', input, [
        'ApplicationId',
        'Name',
        'Description',
        'LocationUri',
        'Validators',
        'Type',
        'Tags',
      ]);
      if (input.LocationUri !== 'hosted')
        throw badRequest(`LocationUri is 'hosted' on the laptop, this is '${input.LocationUri}'`);
      if ((input.Type ?? 'AWS.Freeform') !== 'AWS.Freeform')
        throw badRequest(`Type is AWS.Freeform on the laptop, this is ${input.Type}`);
      const { id: applicationId } = store.application(input.ApplicationId);
      const record: ProfileRecord = {
        id: newResourceId(),
        applicationId,
        name: nameFrom(input.Name, 128),
        ...described(input),
        validators: await validatorsFrom(input.Validators),
        lastVersion: 0,
      };
      if (profiles.all().filter((one) => one.applicationId === applicationId).length >= mostProfiles)
        throw quotaExceeded(`An application has at most ${mostProfiles} configuration profiles`);
      await profiles.put(record.id, record);
      return profileOf(record);
    },
    async GetConfigurationProfile(
      input: sdk.GetConfigurationProfileCommandInput,
    ): Answer<sdk.GetConfigurationProfileCommandOutput> {
      knownFields('AppConfig.GetConfigurationProfile', input, ['ApplicationId', 'ConfigurationProfileId']);
      return profileOf(store.profile(input.ApplicationId, input.ConfigurationProfileId));
    },
    async ListConfigurationProfiles(
      input: sdk.ListConfigurationProfilesCommandInput,
    ): Answer<sdk.ListConfigurationProfilesCommandOutput> {
      knownFields('AppConfig.ListConfigurationProfiles', input, ['ApplicationId', 'MaxResults', 'NextToken']);
      const { id } = store.application(input.ApplicationId);
      const all = profiles.all().filter((one) => one.applicationId === id);
      const { Items, ...next } = pageOf(all, (one) => one.id, input);
      return {
        Items: Items.map((one) => ({
          ApplicationId: one.applicationId,
          Id: one.id,
          Name: one.name,
          LocationUri: 'hosted',
          ValidatorTypes: one.validators.map(({ Type }) => Type),
          Type: 'AWS.Freeform',
        })),
        ...next,
      };
    },
    async UpdateConfigurationProfile(
      input: sdk.UpdateConfigurationProfileCommandInput,
    ): Answer<sdk.UpdateConfigurationProfileCommandOutput> {
      knownFields('AppConfig.UpdateConfigurationProfile', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'Name',
        'Description',
        'Validators',
      ]);
      const validators = input.Validators && (await validatorsFrom(input.Validators));
      const record = {
        ...store.profile(input.ApplicationId, input.ConfigurationProfileId),
        ...(input.Name === undefined ? {} : { name: nameFrom(input.Name, 128) }),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(validators === undefined ? {} : { validators }),
      };
      await profiles.put(record.id, record);
      return profileOf(record);
    },
    async DeleteConfigurationProfile(
      input: sdk.DeleteConfigurationProfileCommandInput,
    ): Answer<sdk.DeleteConfigurationProfileCommandOutput> {
      knownFields('AppConfig.DeleteConfigurationProfile', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'DeletionProtectionCheck',
      ]);
      const { id, name } = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      if (versionsOf(id).length > 0)
        throw badRequest(`The profile ${name} has hosted configuration versions; delete those first`);
      await profiles.remove(id);
      return {};
    },
    async ValidateConfiguration(
      input: sdk.ValidateConfigurationCommandInput,
    ): Answer<sdk.ValidateConfigurationCommandOutput> {
      knownFields('AppConfig.ValidateConfiguration', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'ConfigurationVersion',
      ]);
      const profile = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      const { number } = store.version(profile.id, Number(input.ConfigurationVersion));
      await validate(
        profile.validators,
        {
          applicationId: profile.applicationId,
          profileId: profile.id,
          version: String(number),
          content: await store.readContent(profile.id, number),
        },
        invoke,
      );
      return {};
    },

    async CreateHostedConfigurationVersion(
      input: sdk.CreateHostedConfigurationVersionCommandInput,
    ): Answer<sdk.CreateHostedConfigurationVersionCommandOutput> {
      knownFields('AppConfig.CreateHostedConfigurationVersion', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'Description',
        'Content',
        'ContentType',
        'LatestVersionNumber',
        'VersionLabel',
      ]);
      const profile = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      const { Content: given } = input;
      if (!(given instanceof Uint8Array)) throw badRequest('The Content of a version is bytes');
      const content = Buffer.from(given);
      if (content.length > largestBytes) throw payloadTooLarge(content.length, largestBytes);
      if (content.length === 0 || !input.ContentType)
        throw badRequest('A version has a Content and a ContentType');
      if (input.VersionLabel !== undefined && !/^.*[^0-9].*$/.test(input.VersionLabel))
        throw badRequest('A VersionLabel has at least one character that is no digit');
      if (versionsOf(profile.id).some(({ label }) => label !== undefined && label === input.VersionLabel))
        throw conflict(`The label ${input.VersionLabel} is that of another version`);
      if (input.LatestVersionNumber !== undefined && input.LatestVersionNumber !== profile.lastVersion) {
        throw conflict(
          `The latest version is ${profile.lastVersion}, LatestVersionNumber says ${input.LatestVersionNumber}`,
        );
      }
      const record: VersionRecord = {
        profileId: profile.id,
        number: profile.lastVersion + 1,
        contentType: input.ContentType,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.VersionLabel === undefined ? {} : { label: input.VersionLabel }),
      };
      // The number is taken before anything else can ask for it; a crash after this leaves a gap.
      const numbered = profiles.put(profile.id, { ...profile, lastVersion: record.number });
      await store.writeContent(profile.id, record.number, content);
      await Promise.all([numbered, versions.put(versionId(profile.id, record.number), record)]);
      return { ...versionOf(profile, record), Content: blob(content) };
    },
    async GetHostedConfigurationVersion(
      input: sdk.GetHostedConfigurationVersionCommandInput,
    ): Answer<sdk.GetHostedConfigurationVersionCommandOutput> {
      knownFields('AppConfig.GetHostedConfigurationVersion', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'VersionNumber',
      ]);
      const profile = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      const record = store.version(profile.id, input.VersionNumber);
      return {
        ...versionOf(profile, record),
        Content: blob(await store.readContent(profile.id, record.number)),
      };
    },
    async ListHostedConfigurationVersions(
      input: sdk.ListHostedConfigurationVersionsCommandInput,
    ): Answer<sdk.ListHostedConfigurationVersionsCommandOutput> {
      knownFields('AppConfig.ListHostedConfigurationVersions', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'MaxResults',
        'NextToken',
        'VersionLabel',
      ]);
      const profile = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      const asked = input.VersionLabel;
      const labelled = versionsOf(profile.id).filter(
        ({ label = '' }) =>
          asked === undefined ||
          (asked.endsWith('*') ? label.startsWith(asked.slice(0, -1)) : label === asked),
      );
      const { Items, ...next } = pageOf(labelled, ({ number }) => String(number), input);
      return { Items: Items.map((one) => versionOf(profile, one)), ...next };
    },
    async DeleteHostedConfigurationVersion(
      input: sdk.DeleteHostedConfigurationVersionCommandInput,
    ): Answer<sdk.DeleteHostedConfigurationVersionCommandOutput> {
      knownFields('AppConfig.DeleteHostedConfigurationVersion', input, [
        'ApplicationId',
        'ConfigurationProfileId',
        'VersionNumber',
      ]);
      const profile = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      const { number } = store.version(profile.id, input.VersionNumber);
      // AppConfig serves a copy of what it deployed; here the version itself is served.
      if (isDeployed(profile.id, number))
        throw badRequest(`Version ${number} is deployed; on the laptop it can be deleted after the next one`);
      await versions.remove(versionId(profile.id, number));
      await store.removeContent(profile.id, number);
      return {};
    },
  };
}
