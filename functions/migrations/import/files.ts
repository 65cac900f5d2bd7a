import { parse } from 'yaml';
import { z } from 'zod';
import { flywayChecksum, operationsChecksum, sha256 } from './checksums.ts';
import { changesetId, flywayVersion } from './ids.ts';
import type { ImportTool, MigrationFileEntry } from './schemas.ts';

/** A file as it lies in a folder; the path is relative to that folder, with slashes. */
export interface FoundFile {
  path: string;
  text: string;
}

const nameOf = (path: string) => path.split('/').at(-1) ?? path;
const byName = (a: FoundFile, b: FoundFile) => (a.path < b.path ? -1 : 1);

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = BigInt(left[at] ?? 0) - BigInt(right[at] ?? 0);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return 0;
}

/** `V1_2__Add_name.sql` and `R__Views.sql`; undo migrations (`U…`) are never pending. */
function flyway(files: FoundFile[]): MigrationFileEntry[] {
  const entries = files.flatMap(({ path, text }) => {
    const found = /^(?:V(?<version>\d+(?:[._]\d+)*)|R)__(?<description>.+)\.sql$/.exec(nameOf(path));
    if (!found) return [];
    const { version, description = '' } = found.groups ?? {};
    const name = description.replaceAll('_', ' ');
    const number = version === undefined ? null : flywayVersion(version);
    const id = number ?? `R ${name}`;
    const checksum = flywayChecksum(text);
    return [{ number, entry: { id, name: nameOf(path), path, checksum, repeatable: number === null } }];
  });
  return entries
    .sort((a, b) => {
      if (a.number !== null && b.number !== null) return compareVersions(a.number, b.number);
      return Number(a.number === null) - Number(b.number === null);
    })
    .map(({ entry }) => entry);
}

const Changelog = z.object({
  databaseChangeLog: z.array(
    z.looseObject({ changeSet: z.object({ id: z.coerce.string(), author: z.coerce.string() }).optional() }),
  ),
});

/** The changesets of a changelog: formatted SQL, XML, YAML or JSON. */
function changesets({ path, text }: FoundFile): { id: string; author: string }[] {
  if (path.endsWith('.sql')) {
    if (!/^\s*--\s*liquibase formatted sql/i.test(text)) return [];
    const heads = text.matchAll(/^\s*--\s*changeset\s+(?:"([^"]+)"|([^:\s]+)):(\S+)/gim);
    return [...heads].map(([, quoted, author, id]) => ({ id: id ?? '', author: quoted ?? author ?? '' }));
  }
  if (path.endsWith('.xml')) {
    const withoutComments = text.replaceAll(/<!--[\s\S]*?-->/g, '');
    return [...withoutComments.matchAll(/<changeSet\b([^>]*)>/g)].map(([, attributes = '']) => ({
      id: /\bid\s*=\s*["']([^"']*)["']/.exec(attributes)?.[1] ?? '',
      author: /\bauthor\s*=\s*["']([^"']*)["']/.exec(attributes)?.[1] ?? '',
    }));
  }
  const parsed = Changelog.safeParse(parse(text));
  return parsed.success
    ? parsed.data.databaseChangeLog.flatMap(({ changeSet }) => (changeSet ? [changeSet] : []))
    : [];
}

/** Liquibase's checksums are of its own parsed form, and differ by its version: they are not repeated here. */
const liquibase = (files: FoundFile[]): MigrationFileEntry[] =>
  files
    .filter(({ path }) => /\.(sql|xml|ya?ml|json)$/.test(path))
    .sort(byName)
    .flatMap((file) =>
      changesets(file).map(({ id, author }) => ({
        id: changesetId(file.path, id, author),
        name: `${nameOf(file.path)} ${author}:${id}`,
        path: file.path,
        checksum: null,
        repeatable: false,
      })),
    );

/** `<folder>/migration.sql`, in the order of the folders. */
const prisma = (files: FoundFile[]): MigrationFileEntry[] =>
  files
    .filter(({ path }) => /(^|\/)[^/]+\/migration\.sql$/.test(path))
    .sort(byName)
    .map(({ path, text }) => {
      const name = path.split('/').at(-2) ?? path;
      return { id: name, name, path, checksum: sha256(text), repeatable: false };
    });

const Journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) });

/** What `meta/_journal.json` lists, by its own times. Throws ZodError or SyntaxError when it is no journal. */
function drizzle(files: FoundFile[]): MigrationFileEntry[] {
  const journal = files.find(({ path }) => /(^|\/)meta\/_journal\.json$/.test(path));
  if (journal === undefined) return [];
  const folder = journal.path.replace(/meta\/_journal\.json$/, '');
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  return Journal.parse(JSON.parse(journal.text))
    .entries.sort((a, b) => a.when - b.when)
    .flatMap(({ tag, when }) => {
      const path = `${folder}${tag}.sql`;
      const text = texts.get(path);
      if (text === undefined) return [];
      return [{ id: String(when), name: tag, path, checksum: sha256(text), repeatable: false }];
    });
}

const Pgroll = z.looseObject({ name: z.string().optional(), operations: z.unknown() });

/** YAML and JSON files with operations, in the order of their names. */
const pgroll = (files: FoundFile[]): MigrationFileEntry[] =>
  files
    .filter(({ path }) => /\.(ya?ml|json)$/.test(path))
    .sort(byName)
    .flatMap(({ path, text }) => {
      const parsed = Pgroll.safeParse(parse(text));
      if (!parsed.success || !Array.isArray(parsed.data.operations)) return [];
      const name = nameOf(path).replace(/\.[^.]+$/, '');
      return [
        { id: name, name, path, checksum: operationsChecksum(parsed.data.operations), repeatable: false },
      ];
    });

const readers: Record<ImportTool, (files: FoundFile[]) => MigrationFileEntry[]> = {
  flyway,
  liquibase,
  prisma,
  drizzle,
  pgroll,
};

/** The migrations among the files of a folder, in the order in which the tool runs them. */
export const entriesOf = (tool: ImportTool, files: FoundFile[]): MigrationFileEntry[] =>
  readers[tool]([...files]);
