import { Command, Option } from 'commander';
import { z } from 'zod';
import { Definition } from '#configuration/schemas.ts';
import { call } from '../client.ts';
import { readDocument } from '../document.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { collect, pathOf } from './options.ts';

interface Options {
  namespace?: string;
  from?: string;
  type?: string;
  schema?: string;
  default?: string;
  secret?: boolean;
  description?: string;
  owner?: string;
  tag: string[];
  service: string[];
  reader: string[];
  writer: string[];
  healthSeconds?: string;
  approval?: boolean;
  remediate?: boolean;
  rotateDays?: string;
  generate?: string | true;
  json?: boolean;
}

/** A file of definitions; what is in each, the platform says. */
const File = z.strictObject({ namespace: z.string(), keys: z.record(z.string(), z.looseObject({})) });

const types = ['string', 'integer', 'number', 'boolean', 'array', 'object'];

/** Text that is JSON is meant so, any other is a string. */
export function parsedText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function bodyOf(options: Options): Promise<object> {
  const { type, schema, secret, description, owner, tag, service, reader, writer } = options;
  const policy = {
    ...(options.healthSeconds === undefined ? {} : { health: { forSeconds: Number(options.healthSeconds) } }),
    ...(options.approval ? { approval: true } : {}),
    ...(options.remediate ? { remediate: true } : {}),
    ...(options.rotateDays === undefined ? {} : { rotateDays: Number(options.rotateDays) }),
    ...(options.generate === undefined
      ? {}
      : { generate: options.generate === true ? {} : { characters: Number(options.generate) } }),
  };
  return {
    ...(schema === undefined
      ? {}
      : { schema: schema.trimStart().startsWith('{') ? parsedText(schema) : await readDocument(schema) }),
    ...(type === undefined ? {} : { schema: { type } }),
    ...(options.default === undefined ? {} : { default: parsedText(options.default) }),
    ...(secret ? { secret } : {}),
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
    ...(tag.length === 0 ? {} : { tags: tag }),
    ...(service.length === 0 ? {} : { services: service }),
    ...(reader.length === 0 ? {} : { readers: reader }),
    ...(writer.length === 0 ? {} : { writers: writer }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  };
}

const put = (platform: Platform, namespace: string, key: string, body: object): Promise<Definition> =>
  call(platform, { method: 'PUT', path: pathOf('keys', namespace, key), body, answer: Definition });

async function wantedOf(key: string | undefined, options: Options): Promise<[string, string, object][]> {
  const { from, namespace } = options;
  if (from !== undefined && key === undefined) {
    const file = File.safeParse(await readDocument(from));
    if (file.success)
      return Object.entries(file.data.keys).map(([name, body]) => [file.data.namespace, name, body]);
    throw new Failure(`${from} is no file of definitions.`, {
      code: exitCode.refused,
      action:
        'Expected `namespace`, and below `keys` a definition for each; docs/configuration.md has its fields.',
      details: file.error.issues.map(({ path, message }) => `/${path.join('/')}: ${message}`),
    });
  }
  if (key !== undefined && namespace !== undefined && from === undefined)
    return [[namespace, key, await bodyOf(options)]];
  throw new Failure('Expected a key with --namespace, or --from a file.', { code: exitCode.usage });
}

/** `theseus config define limits.orders --namespace shop --type integer`: defines a key, or all of a file. */
export const configDefine = (): Command =>
  new Command('define')
    .description('Define a key, or all keys of a file; what is left out is as if it had never been said')
    .argument('[key]')
    .option('--namespace <namespace>', 'namespace of the key')
    .option('--from <file>', 'YAML or JSON: `namespace`, and below `keys` a definition for each')
    .addOption(new Option('--type <type>', 'what values are').choices(types).conflicts('schema'))
    .option('--schema <file>', 'JSON Schema of values: a file of YAML or JSON, or JSON as it is')
    .option('--default <value>', 'what holds where no layer says anything; JSON, else a string')
    .option('--secret', 'values are sealed')
    .option('--description <text>', 'what it is for')
    .option('--owner <name>', 'who answers for it')
    .option('--tag <tag>', 'several times', collect, [])
    .option('--service <service>', 'a service that a change affects, several times', collect, [])
    .option('--reader <group>', 'who may read the secret, several times', collect, [])
    .option('--writer <group>', 'who may change the secret, several times', collect, [])
    .option('--health-seconds <seconds>', 'how long the services are watched after a change')
    .option('--approval', 'another person has to agree to each change')
    .option('--remediate', 'what drifts is brought back without asking')
    .option('--rotate-days <days>', 'after how long a secret should have another value')
    .option('--generate [characters]', 'the platform makes that value itself when its time has come')
    .option('--json', 'print JSON')
    .action(async (key: string | undefined, options: Options, command: Command) => {
      const wanted = await wantedOf(key, options);
      const platform = await platformOf(command);
      for (const [namespace, name, body] of wanted) {
        const { version, ...defined } = await put(platform, namespace, name, body);
        if (options.json) printJson({ version, ...defined });
        else print(`${namespace}/${name} is defined, version ${version}.`);
      }
    });
