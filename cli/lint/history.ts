import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { HistoryEntry, HistoryTool } from '#migrations/rewrite/history.ts';
import { exitCode, Failure } from '../failure.ts';

const Journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.int() })) });

/** The migration's name where no tool says it: its file's, or its folder's where every file is called migration.sql. */
export function nameOf(path: string): string {
  const name = basename(path).replace(/\.[^.]+$/, '');
  return name === 'migration' ? basename(dirname(path)) || name : name;
}

/**
 * The migration as the tool knows it, read from where the file lies.
 * @throws Failure refused when the file does not lie in a folder of that tool.
 */
export function historyEntry(tool: HistoryTool, path: string): HistoryEntry {
  const text = readFileSync(path, 'utf8');
  const name = nameOf(path);
  if (tool === 'prisma') {
    if (basename(path) === 'migration.sql') return { name, text, when: 0 };
    throw new Failure(`${path} is no migration of Prisma: expected <folder>/migration.sql.`, {
      code: exitCode.refused,
    });
  }
  const journal = join(dirname(path), 'meta', '_journal.json');
  const entry = readJournal(journal).entries.find(({ tag }) => tag === name);
  if (entry === undefined)
    throw new Failure(`${journal} has no migration ${name}.`, {
      code: exitCode.refused,
      action: 'Name a file that drizzle-kit generated, where it lies.',
    });
  return { name, text, when: entry.when };
}

function readJournal(path: string): z.infer<typeof Journal> {
  try {
    return Journal.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? 'does not exist'
        : 'is no journal of Drizzle';
    throw new Failure(`${path} ${reason}.`, {
      code: exitCode.refused,
      action: 'Name a file in a folder of Drizzle’s migrations.',
    });
  }
}
