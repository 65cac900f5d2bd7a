import { Command } from 'commander';
import { ApiUsage, ServedApi } from '#gateway/apis/views.ts';
import { call } from '../client.ts';
import { numberOf } from '../number.ts';
import { count, print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { routePath } from './routes.ts';

const choiceText = ({ choice }: ServedApi): string =>
  'name' in choice ? `the ${choice.by === 'query' ? 'parameter' : 'header'} ${choice.name}` : choice.template;

const noticeOf = ({ deprecation, refusesNewConsumers, brownouts }: ServedApi['versions'][number]): string =>
  [
    ...(deprecation === null ? [] : [`deprecated ${deprecation.at.slice(0, 10)}`]),
    ...(deprecation?.sunset === undefined ? [] : [`goes ${deprecation.sunset.slice(0, 10)}`]),
    ...(refusesNewConsumers ? ['takes no new consumers'] : []),
    ...(brownouts.length > 0 ? [`${brownouts.length} brownouts`] : []),
  ].join(', ');

/** `theseus gateway api shop`. */
export const gatewayApi = (): Command =>
  new Command('api')
    .description('How the API of a service is served: its versions, what goes away, its limits')
    .argument('<service>')
    .option('--json', 'print JSON')
    .action(async (service: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `${routePath(service)}/api`;
      const served = await call(platform, { method: 'GET', path, answer: ServedApi });
      if (json) return printJson(served);
      print(`${service} serves ${served.api}, ${served.kind}: revision ${served.revision}`);
      print(
        `  The version is in ${choiceText(served)}, else the consumer's (${served.pins} pinned), else ${served.default}; consumers are named in ${served.consumerHeader}.`,
      );
      const rows = served.versions.map((one) => [
        one.version,
        one.status,
        count(one.endpoints),
        count(one.changes),
        noticeOf(one),
      ]);
      for (const line of table([['VERSION', 'STATUS', 'ENDPOINTS', 'CHANGES', ''], ...rows])) print(line);
      for (const { consumer, version, endpoint, requestsPerMinute } of served.limits) {
        const what = [version, endpoint].filter((one) => one !== undefined).join(' ');
        const who = consumer === '*' ? 'Each consumer' : consumer;
        print(`  ${who} may send ${requestsPerMinute} requests a minute${what === '' ? '' : ` to ${what}`}.`);
      }
    });

/** `theseus gateway usage shop`. */
export const gatewayUsage = (): Command =>
  new Command('usage')
    .description('Who used which version of the API of a service in the last days')
    .argument('<service>')
    .option('--days <days>', 'back from now, 1–90', numberOf, 7)
    .option('--json', 'print JSON')
    .action(async (service: string, { days, json }: { days: number; json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `${routePath(service)}/api/usage`;
      const usage = await call(platform, { method: 'GET', path, query: { days }, answer: ApiUsage });
      if (json) return printJson(usage);
      const rows = usage.consumers.map((one) => [
        one.consumer,
        one.version,
        ...[one.requests, one.errors, one.refused].map(count),
        one.lastSeen,
      ]);
      const head = ['CONSUMER', 'VERSION', 'REQUESTS', 'ERRORS', 'REFUSED', 'LAST SEEN'];
      for (const line of table([head, ...rows])) print(line);
    });
