import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { ApiView } from '#apis/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { apiPath } from './path.ts';
import { choiceText } from './read.ts';

interface Options {
  file?: string;
  kind?: string;
  service?: string;
  scheme?: string;
  choose?: string;
  consumerHeader?: string;
  stability?: string;
  policy?: string;
  default?: string;
  description?: string;
  publicDocuments?: boolean;
  json?: boolean;
}

const places = ['header', 'path', 'query', 'media-type'];

/** `header:x-api-version` or `path:/v{version}`. @throws Failure (usage) */
export function choiceOf(text: string): object {
  const [, by = '', where = ''] = /^([a-z-]+):(.+)$/.exec(text) ?? [];
  if (!places.includes(by)) {
    throw new Failure(`--choose is '${text}'.`, {
      code: exitCode.usage,
      action:
        'Expected header:x-api-version, query:api-version, path:/v{version} or media-type:application/vnd.acme.v{version}+json.',
    });
  }
  return by === 'header' || by === 'query' ? { by, name: where } : { by, template: where };
}

async function fileOf(path: string): Promise<object> {
  try {
    const { parse } = await import('yaml');
    return Object(parse(await readFile(path, 'utf8'), { maxAliasCount: 100 }));
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: 'Expected the settings of an API in YAML or JSON; docs/apis.md names every field.',
    });
  }
}

/** What is set now, as PUT takes it; nothing when there is no such API. */
async function formerOf(platform: Platform, api: string): Promise<object> {
  try {
    const former = await call(platform, { method: 'GET', path: apiPath(api), answer: ApiView });
    const { name: _name, latest: _latest, versions: _versions, ...rest } = former;
    const { createdAt: _created, updatedAt: _updated, served: _served, ...settings } = rest;
    return settings;
  } catch (error) {
    if (
      error instanceof Failure &&
      z.looseObject({ status: z.literal(404) }).safeParse(error.problem).success
    )
      return {};
    throw error;
  }
}

const named = (options: Options): object => {
  const { kind, scheme, choose, consumerHeader, stability, description, publicDocuments } = options;
  const orNone = (text: string) => (text === 'none' ? null : text);
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(options.service === undefined ? {} : { service: orNone(options.service) }),
    ...(scheme === undefined ? {} : { versioning: { scheme } }),
    ...(choose === undefined ? {} : { choice: choiceOf(choose) }),
    ...(consumerHeader === undefined ? {} : { consumer: { header: consumerHeader } }),
    ...(stability === undefined ? {} : { stability }),
    ...(options.policy === undefined ? {} : { policy: orNone(options.policy) }),
    ...(options.default === undefined ? {} : { defaultVersion: orNone(options.default) }),
    ...(description === undefined ? {} : { description }),
    ...(publicDocuments === undefined ? {} : { publicDocuments }),
  };
};

/** `theseus api set orders --kind openapi --service orders --choose header:x-api-version`. */
export const apiSet = (): Command =>
  new Command('set')
    .description('Make an API, or change what is named of it; with --file all of it is set')
    .argument('<api>')
    .option('--file <file>', 'all settings in YAML or JSON: limits, levels and usage, too')
    .addOption(new Option('--kind <kind>').choices(['openapi', 'graphql', 'asyncapi', 'json-schema']))
    .option('--service <service>', 'the service behind the gateway that serves it; none: nobody')
    .addOption(
      new Option('--scheme <scheme>', 'how versions are numbered; stays').choices(['semver', 'date']),
    )
    .option(
      '--choose <place:name>',
      'how a request says its version: header:x-api-version, path:/v{version}, …',
    )
    .option('--consumer-header <name>', 'the header that names the consumer')
    .addOption(new Option('--stability <level>').choices(['draft', 'alpha', 'beta', 'stable']))
    .option('--policy <name>', 'the policy of its deprecations; none: the one of its stability')
    .option('--default <version>', 'for requests that name no version; none: the newest')
    .option('--description <text>')
    .option('--public-documents', 'changelogs and guides are read without a token')
    .option('--no-public-documents', 'they are not')
    .option('--json', 'print JSON')
    .action(async (api: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const base = options.file === undefined ? await formerOf(platform, api) : await fileOf(options.file);
      const body = { ...base, ...named(options) };
      const set = await call(platform, { method: 'PUT', path: apiPath(api), body, answer: ApiView });
      if (options.json) return printJson(set);
      print(`${set.name}: ${set.kind}, served by ${set.service ?? 'nobody yet'}, chosen ${choiceText(set)}`);
      if (set.versions.length === 0) print(`Next: npx theseus api register ${set.name} <version> <file>`);
    });
