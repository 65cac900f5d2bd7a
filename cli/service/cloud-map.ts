import { Command } from 'commander';
import { Exported, Imported } from '#services/cloud-map/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';

/** `theseus service cloud-map export shop`: brings a namespace of AWS Cloud Map in line with the registry. */
export const cloudMapExport = (): Command =>
  new Command('export')
    .description('Bring a namespace of AWS Cloud Map in line with the registry')
    .argument('<namespace>')
    .option('--service <service>', 'this one only')
    .option('--json', 'print JSON')
    .action(
      async (
        namespace: string,
        { service, json }: { service?: string; json?: boolean },
        command: Command,
      ) => {
        const exported = await call(await platformOf(command), {
          method: 'POST',
          path: '/services/cloud-map/export',
          body: { namespace, service },
          answer: Exported,
        });
        if (json) return printJson(exported);
        const rows = exported.services.map((one) => [
          one.service,
          String(one.registered),
          String(one.deregistered),
          String(one.unchanged),
          one.skipped ?? (one.created ? 'created' : ''),
        ]);
        for (const line of table([['SERVICE', 'REGISTERED', 'DEREGISTERED', 'UNCHANGED', ''], ...rows]))
          print(line);
        if (!exported.complete) print('There is more than one call may do: run it again.');
      },
    );

/** `theseus service cloud-map import shop`: registers what others registered there, with a lease of an hour. */
export const cloudMapImport = (): Command =>
  new Command('import')
    .description('Register what others registered in a namespace of AWS Cloud Map, with a lease of an hour')
    .argument('<namespace>')
    .option('--version <version>', 'of instances that have none in their attribute VERSION')
    .option('--json', 'print JSON')
    .action(
      async (
        namespace: string,
        { version, json }: { version?: string; json?: boolean },
        command: Command,
      ) => {
        const imported = await call(await platformOf(command), {
          method: 'POST',
          path: '/services/cloud-map/import',
          body: { namespace, version },
          answer: Imported,
        });
        if (json) return printJson(imported);
        const rows = imported.imported.map((one) => [one.service, one.version, one.url, one.id]);
        for (const line of table([['SERVICE', 'VERSION', 'URL', 'ID'], ...rows])) print(line);
        for (const { service, instance, why } of imported.skipped)
          print(`Not ${service} ${instance}: ${why}`);
        if (!imported.complete) print('There is more than one call may do.');
      },
    );
