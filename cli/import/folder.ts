import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, type FoundFile } from '#migrations/import/files.ts';
import type { ImportTool, MigrationFileEntry } from '#migrations/import/schemas.ts';
import { exitCode, Failure } from '../failure.ts';

const read = /\.(sql|xml|ya?ml|json)$/;
const mostFiles = 5_000;

/** The files below a folder that may be migrations. @throws Failure usage when it cannot be read. */
function filesBelow(folder: string): FoundFile[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile() && read.test(one.name) && !one.parentPath.includes('node_modules'))
      .map((one) => join(one.parentPath, one.name))
      .slice(0, mostFiles + 1)
      .map((path) => ({
        path: path.slice(join(folder, '/').length).replaceAll('\\', '/'),
        text: readFileSync(path, 'utf8'),
      }));
  } catch {
    throw new Failure(`${folder} is no folder that can be read.`, { code: exitCode.usage });
  }
}

/**
 * The migrations of a tool in a folder, in the tool's order.
 * @throws Failure usage when the folder has none, (refused) when a file is not of the tool's form.
 */
export function migrationsIn(tool: ImportTool, folder: string): MigrationFileEntry[] {
  const files = filesBelow(folder);
  if (files.length > mostFiles)
    throw new Failure(`${folder} has more than ${mostFiles} files.`, {
      code: exitCode.usage,
      action: 'Name the folder of the migrations alone.',
    });
  let entries: MigrationFileEntry[];
  try {
    entries = entriesOf(tool, files);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new Failure(`A file in ${folder} cannot be read as one of ${tool}: ${reason}`, {
      code: exitCode.refused,
    });
  }
  if (entries.length > 0) return entries;
  throw new Failure(`${folder} has no migration of ${tool}.`, {
    code: exitCode.usage,
    action: 'Name the folder of the migrations with --dir.',
  });
}
