import { Command } from 'commander';
import { Route, RoutePage, type RouteTarget } from '#gateway/schemas.ts';
import { call } from '../client.ts';
import { duration, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

/** Where a version's requests go: its instances, or its function. */
const placeOf = ({ target }: RouteTarget): string =>
  target.kind === 'http'
    ? target.urls.join(', ')
    : `${target.functionName}${target.qualifier === undefined ? '' : `:${target.qualifier}`}`;

const shares = ({ targets }: Route): string =>
  targets.map(({ version, percent }) => `${version} ${percent} %`).join(', ');

/** The path of a service's route. */
export const routePath = (service: string): string => `/gateway/routes/${encodeURIComponent(service)}`;

/** Prints a route for a person. */
export function printRoute(route: Route): void {
  const held = route.heldBy === null ? '' : `, moved by ${route.heldBy}`;
  print(`${route.service}: revision ${route.revision}, ${route.updatedAt} by ${route.updatedBy}${held}`);
  const rows = route.targets.map((one) => [`  ${one.version}`, `${one.percent} %`, placeOf(one)]);
  for (const line of table(rows)) print(line);
  for (const canary of route.canaries) {
    const who =
      'header' in canary
        ? `with ${canary.header.name}: ${canary.header.value}`
        : `of ${canary.tenants.join(', ')}`;
    print(`  Requests ${who} go to ${canary.version}.`);
  }
  if (route.sticky !== null) print(`  Who came once stays: by ${route.sticky.by} ${route.sticky.name}.`);
  if (route.mirror !== null)
    print(
      `  Of requests that change nothing, ${route.mirror.percent} % are copied to ${route.mirror.version}.`,
    );
  print(
    `  At most ${duration(route.timeoutMs)}; ${route.retry === null ? 'no second try' : `${route.retry.attempts} tries on ${route.retry.on.join(', ')}`}; ${route.circuitBreaker === null ? 'no circuit breaker' : 'a circuit breaker for each version'}; ${route.access.kind === 'open' ? 'open to all' : 'with a token'}.`,
  );
}

/** `theseus gateway routes`: one page. */
export const gatewayRoutes = (): Command =>
  new Command('routes')
    .description('Where requests to services go')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const query = { limit, cursor };
      const page = await call(platform, { method: 'GET', path: '/gateway/routes', query, answer: RoutePage });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [one.service, shares(one), one.heldBy ?? '']);
      for (const line of table([['SERVICE', 'VERSIONS', 'MOVED BY'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus gateway show shop`. */
export const gatewayShow = (): Command =>
  new Command('show')
    .description('Where requests to a service go')
    .argument('<service>')
    .option('--json', 'print JSON')
    .action(async (service: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const route = await call(platform, { method: 'GET', path: routePath(service), answer: Route });
      if (json) return printJson(route);
      printRoute(route);
    });
