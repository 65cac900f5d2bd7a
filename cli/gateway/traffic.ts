import { Command } from 'commander';
import { Traffic } from '#gateway/schemas.ts';
import { call } from '../client.ts';
import { numberOf } from '../number.ts';
import { count, print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { routePath } from './routes.ts';

const time = (ms: number | null): string => (ms === null ? '' : `${ms.toFixed(1)} ms`);
const share = (errors: number, requests: number): string =>
  requests === 0 ? '' : `${((errors / requests) * 100).toFixed(2)} %`;

/** `theseus gateway traffic shop`: what came of requests to each version. */
export const gatewayTraffic = (): Command =>
  new Command('traffic')
    .description('What came of requests to each version of a service in the last minutes')
    .argument('<service>')
    .option('--minutes <minutes>', 'back from now, 1–360', numberOf, 5)
    .option('--json', 'print JSON')
    .action(
      async (service: string, { minutes, json }: { minutes: number; json?: boolean }, command: Command) => {
        const platform = await platformOf(command);
        const path = `${routePath(service)}/traffic`;
        const traffic = await call(platform, { method: 'GET', path, query: { minutes }, answer: Traffic });
        if (json) return printJson(traffic);
        const rows = traffic.versions.map((one) => [
          one.version,
          `${one.percent} %`,
          count(one.requests),
          count(one.errors),
          share(one.errors, one.requests),
          ...[one.p50Ms, one.p95Ms, one.p99Ms].map(time),
        ]);
        const head = ['VERSION', 'WEIGHT', 'REQUESTS', 'ERRORS', 'RATE', 'P50', 'P95', 'P99'];
        for (const line of table([head, ...rows])) print(line);
      },
    );
