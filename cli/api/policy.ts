import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { Policy } from '#apis/deprecations/policies.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

const Named = z.object({ name: z.string(), policy: Policy, builtIn: z.boolean() });

const inWords = ({ brownouts, extensions, noticeDays, consent }: Policy): string[] => [
  `${noticeDays} days`,
  brownouts.length === 0 ? 'none' : brownouts.map(({ hours }) => `${hours} h`).join(', '),
  `${extensions.max} of ${extensions.days} days`,
  consent,
];

/** `theseus api policy list orders`. */
export const apiPolicyList = (): Command =>
  new Command('list')
    .description('Policies of deprecation that an API may name')
    .argument('<api>')
    .option('--json', 'print JSON')
    .action(async (api: string, { json }: { json?: boolean }, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'policies'),
        answer: z.object({ items: z.array(Named) }),
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ name, policy, builtIn }) => [
        `${name}${builtIn ? '' : ' (own)'}`,
        ...inWords(policy),
      ]);
      const head = ['POLICY', 'NOTICE', 'BROWNOUTS', 'EXTENSIONS', 'CONSENT'];
      for (const line of table([head, ...rows])) print(line);
    });

/** @throws Failure (usage) when the file cannot be read or is no JSON; the platform says what else is wrong. */
async function readPolicy(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: 'Expected a JSON file such as {"noticeDays": 90}.',
    });
  }
}

/** `theseus api policy set orders gentle policy.json`. */
export const apiPolicySet = (): Command =>
  new Command('set')
    .description('Set a policy of an API; deprecations that run keep theirs')
    .argument('<api>')
    .argument('<name>')
    .argument('<file>', 'JSON')
    .option('--json', 'print JSON')
    .action(
      async (api: string, name: string, file: string, { json }: { json?: boolean }, command: Command) => {
        const body = await readPolicy(file);
        const set = await call(await platformOf(command), {
          method: 'PUT',
          path: apiPath(api, 'policies', name),
          body,
          answer: Named,
        });
        if (json) printJson(set);
        else print(`${api} has the policy ${set.name}: ${inWords(set.policy).join('; ')}`);
      },
    );

/** `theseus api policy remove orders gentle`. */
export const apiPolicyRemove = (): Command =>
  new Command('remove')
    .description('Forget a policy of an API')
    .argument('<api>')
    .argument('<name>')
    .action(async (api: string, name: string, _options: object, command: Command) => {
      const path = apiPath(api, 'policies', name);
      await call(await platformOf(command), { method: 'DELETE', path, answer: z.undefined() });
      print(`${api} has no policy ${name} of its own.`);
    });
