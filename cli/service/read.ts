import { Command } from 'commander';
import { Matrix } from '#services/registry/matrix-schemas.ts';
import { Service, ServicePage, ServiceVersion, VersionPage } from '#services/schemas.ts';
import { call } from '../client.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

/** `theseus service list`: one page of the services, by name. */
export const serviceList = (): Command =>
  new Command('list')
    .description('Services, by name')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: '/services',
        query: { limit, cursor },
        answer: ServicePage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ name, latest, versions }) => [name, latest ?? '–', String(versions)]);
      for (const line of table([['SERVICE', 'LATEST', 'VERSIONS'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus service versions orders`: one page of its versions, the highest first. */
export const serviceVersions = (): Command =>
  new Command('versions')
    .description('Versions of a service, the highest first')
    .argument('<service>')
    .option('--range <range>', 'only versions in it, as npm reads it')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (service: string, options: PageOptions & { range?: string }, command: Command) => {
      const { limit, cursor, range, json } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: `/services/${service}/versions`,
        query: { limit, cursor, range },
        answer: VersionPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.version,
        one.contract === null ? 'none' : `${one.contract.endpoints} endpoints, ${one.contract.events} events`,
        Object.entries(one.dependencies)
          .map(([name, wanted]) => `${name} ${wanted}`)
          .join(', ') || '–',
        one.createdAt,
      ]);
      for (const line of table([['VERSION', 'CONTRACT', 'DEPENDS ON', 'REGISTERED'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus service show orders [1.2.0]`: a service, or one of its versions with its contract. */
export const serviceShow = (): Command =>
  new Command('show')
    .description('A service, or one of its versions with its contract')
    .argument('<service>')
    .argument('[version]')
    .option('--json', 'print JSON')
    .action(
      async (
        service: string,
        version: string | undefined,
        { json }: { json?: boolean },
        command: Command,
      ) => {
        const platform = await platformOf(command);
        if (version === undefined) {
          const shown = await call(platform, {
            method: 'GET',
            path: `/services/${service}`,
            answer: Service,
          });
          if (json) return printJson(shown);
          print(`${shown.name}: ${shown.versions} versions, the latest ${shown.latest ?? 'none'}`);
          return print(`Next: npx theseus service versions ${shown.name}`);
        }
        const shown = await call(platform, {
          method: 'GET',
          path: `/services/${service}/versions/${encodeURIComponent(version)}`,
          answer: ServiceVersion,
        });
        if (json) return printJson(shown);
        const { endpoints, healthCheck, contract, accepted, ...rest } = shown;
        print(`${rest.service} ${rest.version}, registered ${rest.createdAt} by ${rest.createdBy}`);
        for (const { url, zone, weight } of endpoints)
          print(`  at ${url} (zone ${zone ?? '–'}, weight ${weight})`);
        if (healthCheck !== null)
          print(`  probed at ${healthCheck.path} every ${healthCheck.intervalSeconds} s`);
        for (const [name, range] of Object.entries(rest.dependencies)) print(`  depends on ${name} ${range}`);
        if (accepted !== null) print(`  breaks ${accepted.what.join(', ')} on purpose: ${accepted.reason}`);
        print(contract === null ? 'It has no contract.' : JSON.stringify(contract, null, 2));
      },
    );

/** `theseus service matrix`: who goes on with which versions. */
export const serviceMatrix = (): Command =>
  new Command('matrix')
    .description('Which versions go on with which versions of what they depend on')
    .option('--service <service>', 'only rows in which it depends or is depended on')
    .option('--json', 'print JSON')
    .action(async ({ service, json }: { service?: string; json?: boolean }, command: Command) => {
      const matrix = await call(await platformOf(command), {
        method: 'GET',
        path: '/services/matrix',
        query: { service },
        answer: Matrix,
      });
      if (json) return printJson(matrix);
      const rows = matrix.rows.map(({ dependant, version, dependency, range, candidates }) => [
        `${dependant} ${version}`,
        `${dependency} ${range}`,
        candidates
          .map((one) =>
            one.compatible === false
              ? colours.red(`${one.version} breaks`)
              : `${one.version}${one.compatible === null ? ' ?' : ''}`,
          )
          .join(', ') || colours.red('none is registered'),
      ]);
      for (const line of table([['DEPENDANT', 'NEEDS', 'VERSIONS IN ITS RANGE'], ...rows])) print(line);
      if (!matrix.complete) print('There is more than one answer holds: ask for one service with --service.');
    });
