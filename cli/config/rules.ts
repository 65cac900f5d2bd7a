import { Command } from 'commander';
import { z } from 'zod';
import { Rule } from '#configuration/compliance/schemas.ts';
import { pageOf } from '#platform/page.ts';
import { call } from '../client.ts';
import { readDocument } from '../document.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { pathOf } from './options.ts';

interface Json {
  json?: boolean;
}

const whereText = ({ namespace, key, ...layer }: Rule['where']): string =>
  [
    `${namespace ?? '*'}/${key}`,
    ...Object.entries(layer).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])),
  ].join(', ');

/** `theseus config rules list` */
export const configRulesList = (): Command =>
  new Command('list')
    .description('Rules that configuration has to keep')
    .option('--json', 'print JSON')
    .action(async ({ json }: Json, command: Command) => {
      const answer = pageOf(Rule);
      const path = pathOf('rules');
      const page = await call(await platformOf(command), { method: 'GET', path, answer });
      if (json) return printJson(page);
      if (page.items.length === 0) return print('No rule yet: npx theseus config rules set --help');
      const rows = page.items.map((rule) => [rule.name, rule.level, whereText(rule.where), rule.description]);
      for (const line of table([['RULE', 'LEVEL', 'WHERE', 'DESCRIPTION'], ...rows])) print(line);
    });

/** `theseus config rules show tls-in-production` */
export const configRulesShow = (): Command =>
  new Command('show')
    .description('A rule: of whom it speaks, and what it requires')
    .argument('<rule>')
    .action(async (name: string, _options: object, command: Command) =>
      printJson(
        await call(await platformOf(command), { method: 'GET', path: pathOf('rules', name), answer: Rule }),
      ),
    );

interface SetOptions extends Json {
  from?: string;
  description?: string;
  namespace?: string;
  key?: string;
  service?: string;
  environment?: string;
  tenant?: string;
  require?: string;
  level?: string;
}

async function ruleOf({
  from,
  require,
  description,
  level,
  json: _json,
  ...where
}: SetOptions): Promise<object> {
  if (from !== undefined) return z.looseObject({}).parse(await readDocument(from));
  return {
    description,
    where,
    require: require === undefined ? undefined : JSON.parse(require),
    level,
  };
}

/** `theseus config rules set tls-in-production --environment production --key '*.tls' --require '{"const": true}' …` */
export const configRulesSet = (): Command =>
  new Command('set')
    .description('Set a rule whole, from options or a file')
    .argument('<rule>')
    .option('--from <file>', 'YAML or JSON, with the fields of PUT /configuration/rules/{rule}')
    .option('--description <text>', 'what it is for')
    .option('--namespace <namespace>', 'of this namespace only')
    .option('--key <pattern>', 'of these keys only; * stands for any characters')
    .option('--service <service>', 'for this service only')
    .option('--environment <environment>', 'in this environment only')
    .option('--tenant <tenant>', 'for this tenant only')
    .option('--require <schema>', 'JSON Schema that values have to fit')
    .option('--level <level>', 'refuse or warn')
    .option('--json', 'print JSON')
    .action(async (name: string, options: SetOptions, command: Command) => {
      const body = await ruleOf(options);
      const path = pathOf('rules', name);
      const rule = await call(await platformOf(command), { method: 'PUT', path, body, answer: Rule });
      if (options.json) printJson(rule);
      else print(`${rule.name} is set: ${rule.level}, of ${whereText(rule.where)}.`);
    });

/** `theseus config rules remove tls-in-production` */
export const configRulesRemove = (): Command =>
  new Command('remove')
    .description('Forget a rule')
    .argument('<rule>')
    .action(async (name: string, _options: object, command: Command) => {
      const answer = z.undefined();
      await call(await platformOf(command), { method: 'DELETE', path: pathOf('rules', name), answer });
      print(`The rule ${name} is forgotten.`);
    });
