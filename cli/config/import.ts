import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { nameOf } from '#configuration/resolution/layers.ts';
import { ConfigurationUpdate } from '#configuration/updates/schemas.ts';
import { asking, call } from '../client.ts';
import { counted, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { fileOf, missingOf, readValues, storedValues } from './file.ts';
import { followUpdate } from './follow-update.ts';
import { namespaceOption, pathOf } from './options.ts';

/** One update changes at most this many values. */
const mostChanges = 20;

function standing(missing: number, wanted: number, path: string): string {
  if (missing === 0) return `${wanted === 1 ? 'The value is' : `All ${wanted} values are`} as in ${path}.`;
  return `${missing} of ${counted(wanted, 'value')} ${missing === 1 ? 'is' : 'are'} not as in ${path}.`;
}

interface ImportOptions {
  why: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `theseus config import values.yaml --why …`: what of a file is not so yet, in updates of at most 20 changes. */
export const configImport = (): Command =>
  new Command('import')
    .description('Make values what a file says; what is not in it stays')
    .argument('<file>', 'YAML or JSON, as `theseus config export` writes it')
    .requiredOption('--why <text>', 'kept in the history')
    .option('--dry-run', 'show what would change; nothing is stored')
    .option('--json', 'print JSON')
    .action(async (path: string, { why, dryRun, json }: ImportOptions, command: Command) => {
      const { namespace, wanted } = await readValues(path);
      const platform = await platformOf(command);
      const missing = missingOf(wanted, await storedValues(platform, namespace));
      if (dryRun && json) return printJson({ changes: missing });
      if (!json) print(standing(missing.length, wanted.length, path));
      if (dryRun) {
        for (const { key, value } of missing) print(`  ${nameOf(key)}: ${JSON.stringify(value)}`);
        return;
      }
      for (let at = 0; at < missing.length; at += mostChanges) {
        const update = await call(platform, {
          method: 'POST',
          path: pathOf('updates'),
          body: { changes: missing.slice(at, at + mostChanges), why },
          answer: ConfigurationUpdate,
        });
        await followUpdate(asking(platform), update.id, json ? { json } : {});
        // What follows may rely on what did not stay.
        if (process.exitCode !== undefined && process.exitCode !== 0) return;
      }
    });

interface ExportOptions {
  namespace: string;
  out?: string;
  json?: boolean;
}

/** `theseus config export --namespace shop`: its values in all layers as a file; secrets are not in it. */
export const configExport = (): Command =>
  new Command('export')
    .description('Values of a namespace in all layers, as a file for `config import`; without secrets')
    .addOption(namespaceOption())
    .option('--out <file>', 'where to; to the output unless said')
    .option('--json', 'write JSON instead of YAML')
    .action(async ({ namespace, out, json }: ExportOptions, command: Command) => {
      const file = fileOf(namespace, await storedValues(await platformOf(command), namespace));
      const text = json ? `${JSON.stringify(file, null, 2)}\n` : stringify(file);
      if (out === undefined) return print(text.trimEnd());
      await writeFile(out, text);
      const values = file.layers.reduce((sum, layer) => sum + Object.keys(layer.values).length, 0);
      print(`${out}: ${counted(values, 'value')}.`);
    });
