import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ChangesView, DerivedView } from '#apis/transformation/schemas.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { colours, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

/** The changes in a file, as they are written; undefined without a file. @throws Failure */
export async function changesIn(file: string | undefined): Promise<unknown[] | undefined> {
  if (file === undefined) return undefined;
  const refused = (why: string) =>
    new Failure(`${file} cannot be read: ${why}`, {
      code: exitCode.usage,
      action: 'Expected a list of changes in YAML or JSON; docs/api-transformations.md has every operation.',
    });
  try {
    const { parse } = await import('yaml');
    const written: unknown = parse(await readFile(file, 'utf8'), { maxAliasCount: 100 });
    if (Array.isArray(written)) return written;
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  throw refused('it has no list');
}

function printChanges(changes: readonly VersionChange[]): void {
  for (const { id, description, endpoints } of changes) {
    const where = endpoints === 'all' ? 'all endpoints' : endpoints.slice(0, 3).join(', ');
    print(`  ${id}: ${description} (${where}${endpoints !== 'all' && endpoints.length > 3 ? ', …' : ''})`);
  }
}

/** `theseus api transformation show orders 1.0.0`: what leads from it to the next version. */
export const apiTransformationShow = (): Command =>
  new Command('show')
    .description('What leads from a version to the next newer one')
    .argument('<api>')
    .argument('<version>')
    .option('--derived', 'what could be derived from the two descriptions instead; nothing is stored')
    .option('--json', 'print JSON')
    .action(
      async (
        api: string,
        version: string,
        { derived, json }: { derived?: boolean; json?: boolean },
        command: Command,
      ) => {
        const platform = await platformOf(command);
        if (derived) {
          const found = await call(platform, {
            method: 'GET',
            path: apiPath(api, 'versions', version, 'changes', 'derived'),
            answer: DerivedView,
          });
          if (json) return printJson(found);
          print(`${api} ${found.from} to ${found.to}: ${found.changes.length} changes could be derived.`);
          printChanges(found.changes);
          for (const { id, sure, why } of found.derived) print(`  ${id} is ${sure}: ${why}`);
          for (const { endpoint, list, pointer, reason } of found.open)
            print(colours.yellow(`  open: ${endpoint} ${list} ${pointer}: ${reason}`));
          return;
        }
        const found = await call(platform, {
          method: 'GET',
          path: apiPath(api, 'versions', version, 'changes'),
          answer: ChangesView,
        });
        if (json) return printJson(found);
        print(
          found.to === null
            ? `${api} ${version} is the newest version.`
            : `${api} ${found.from} to ${found.to}: ${found.changes.length} changes.`,
        );
        printChanges(found.changes);
      },
    );

interface SetOptions {
  accept?: boolean;
  reason?: string;
  json?: boolean;
}

/** `theseus api transformation set orders 1.0.0 changes.yaml`. Exit 3 when they do not fit the two versions. */
export const apiTransformationSet = (): Command =>
  new Command('set')
    .description('Set what leads from a version to the next newer one; it is tried first')
    .argument('<api>')
    .argument('<version>', 'the older one')
    .argument('<file>', 'a list of changes in YAML or JSON')
    .option('--accept', 'although a document was found that does not come back; needs --reason')
    .option('--reason <text>', 'why, for the audit trail')
    .option('--json', 'print JSON')
    .action(async (api: string, version: string, file: string, options: SetOptions, command: Command) => {
      const changes = await changesIn(file);
      const set = await call(await platformOf(command), {
        method: 'PUT',
        path: apiPath(api, 'versions', version, 'changes'),
        body: { changes, accept: options.accept ? ['round-trip'] : [], reason: options.reason },
        answer: ChangesView,
      });
      if (options.json) return printJson(set);
      print(
        `${set.changes.length} changes lead from ${api} ${set.from} to ${set.to}; ${set.roundTrip?.documents ?? 0} documents were tried.`,
      );
      for (const { endpoint, list, reason } of set.roundTrip?.open ?? [])
        print(colours.yellow(`  not tried: ${endpoint} ${list}: ${reason}`));
    });
