import { Command } from 'commander';
import { StandingViolation } from '#configuration/compliance/schemas.ts';
import { Drift, type InstanceDrift, type PublicationDrift } from '#configuration/drift/schemas.ts';
import { pageOf } from '#platform/page.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { pathOf } from './options.ts';
import { keyText } from './update-text.ts';

interface Options {
  now?: boolean;
  json?: boolean;
}

/** The last look, or one that is made now. */
const asked = (what: string, now: boolean | undefined) =>
  now
    ? ({ method: 'POST', path: pathOf(what, 'check') } as const)
    : ({ method: 'GET', path: pathOf(what) } as const);

/** `theseus config compliance`: what breaks rules, and which layer says so. */
export const configCompliance = (): Command =>
  new Command('compliance')
    .description('What breaks rules, for whom, and which layer says so')
    .option('--now', 'look now, not at what the last look found')
    .option('--json', 'print JSON')
    .action(async ({ now, json }: Options, command: Command) => {
      const answer = pageOf(StandingViolation);
      const page = await call(await platformOf(command), { ...asked('compliance', now), answer });
      if (json) return printJson(page);
      if (page.items.length === 0) return print('No rule is broken.');
      const rows = page.items.map(({ rule, level, key, from, problem, since }) => [
        rule,
        level,
        keyText(key),
        from === null ? 'default' : keyText(from),
        problem,
        since,
      ]);
      for (const line of table([['RULE', 'LEVEL', 'KEY', 'FROM', 'PROBLEM', 'SINCE'], ...rows])) print(line);
    });

/** `theseus config drift`: where something else is in force than what holds, at services and at AppConfig. */
export const configDrift = (): Command =>
  new Command('drift')
    .description('Where something else is in force than what holds, at services and at AppConfig')
    .option('--now', 'look now, not at what the last look found')
    .option('--json', 'print JSON')
    .action(async ({ now, json }: Options, command: Command) => {
      const page = await call(await platformOf(command), { ...asked('drift', now), answer: pageOf(Drift) });
      if (json) return printJson(page);
      if (page.items.length === 0)
        return print('What services and AppConfig have in force is what is stored.');
      for (const drift of page.items)
        for (const line of drift.of === 'instance' ? instanceLines(drift) : publicationLines(drift))
          print(line);
    });

const versionText = (version: number | null): string => (version === null ? 'nothing' : `version ${version}`);

function instanceLines(drift: InstanceDrift): string[] {
  const layer = [drift.environment, drift.tenant].filter((one) => one !== null).join(', ');
  const { document } = drift;
  return [
    `${drift.service} ${drift.instance}${layer === '' ? '' : ` (${layer})`}, since ${drift.since}`,
    ...drift.differences.flatMap(({ key, stored, inForce }) => [
      `  - ${key.namespace}/${key.key} ${versionText(inForce)} in force`,
      `  + ${key.namespace}/${key.key} ${versionText(stored)} stored`,
    ]),
    ...(document === null
      ? []
      : [
          `  - ${drift.namespace} with the ETag ${document.inForce} in force`,
          `  + ${drift.namespace} with the ETag ${document.expected} stored${document.behindSince === null ? '' : `, since ${document.behindSince}`}`,
        ]),
    ...(drift.remediatedAt === null ? [] : [`  told again at ${drift.remediatedAt}`]),
  ];
}

function publicationLines(drift: PublicationDrift): string[] {
  const { environment, service, found, problem } = drift;
  const whose =
    found === null
      ? 'nothing is deployed'
      : `deployment ${found.deployment} has version ${found.version}${found.label === null ? '' : ` (${found.label})`}${found.complete ? '' : ', which readers are getting now'}`;
  return [
    `${environment}.${service} at AppConfig: version ${drift.expected} ought to be in force, ${whose}, since ${drift.since}`,
    ...(problem === null ? [] : [`  ${problem}`]),
    ...drift.differences.flatMap((one) => {
      const place = `${one.key === null ? 'the document' : `${one.namespace}/${one.key}`}${one.pointer === '' ? '' : ` ${one.pointer}`}`;
      if (one.hidden) return [`  ~ ${place} differs, and is not shown`];
      return [
        ...(one.found === null ? [] : [`  - ${place} ${one.found} in force`]),
        ...(one.expected === null ? [] : [`  + ${place} ${one.expected} deployed`]),
      ];
    }),
    ...(drift.remediatedAt === null ? [] : [`  deployed anew at ${drift.remediatedAt}`]),
    ...(drift.remediate
      ? []
      : [`  Bring it back with: npx theseus config publish ${service} --environment ${environment}`]),
  ];
}
