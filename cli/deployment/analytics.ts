import { Command } from 'commander';
import { DeploymentAnalytics } from '#deployments/analytics/schemas.ts';
import { call } from '../client.ts';
import { duration, print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';

type Measures = DeploymentAnalytics['overall'];

const times = ({ median, p90 }: Measures['leadTime']): string =>
  median === null || p90 === null ? '–' : `${duration(median * 1_000)} / ${duration(p90 * 1_000)}`;
const row = (name: string, measures: Measures): string[] => [
  name,
  String(measures.succeeded),
  measures.perDay.toFixed(2),
  times(measures.leadTime),
  measures.changeFailureRate === null ? '–' : `${(measures.changeFailureRate * 100).toFixed(1)} %`,
  times(measures.timeToRestore),
  String(measures.rollbacks),
];

/** `theseus deployment analytics`. */
export const deploymentAnalytics = (): Command =>
  new Command('analytics')
    .description('How often, how quickly and how safely is deployed: the four measures of DORA')
    .option('--from <time>', 'ISO 8601; 30 days ago when absent')
    .option('--to <time>', 'ISO 8601; now when absent')
    .option('--service <name>', 'only of this service')
    .option('--json', 'print JSON')
    .action(
      async (
        { json, ...query }: { from?: string; to?: string; service?: string; json?: boolean },
        command: Command,
      ) => {
        const found = await call(await platformOf(command), {
          method: 'GET',
          path: '/deployments/analytics',
          query: { ...query },
          answer: DeploymentAnalytics,
        });
        if (json) return printJson(found);
        print(`Deployments begun from ${found.from} to ${found.to}; times are median / p90`);
        const head = ['SERVICE', 'DEPLOYED', 'A DAY', 'LEAD TIME', 'FAILED', 'TIME TO RESTORE', 'ROLLBACKS'];
        const rows = found.services.map(({ service, ...measures }) => row(service, measures));
        for (const line of table([head, ...rows, row('all', found.overall)])) print(line.trimEnd());
        if (!found.complete) print('There were more than 2,000: the oldest are not in it.');
      },
    );
