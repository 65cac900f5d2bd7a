import { artifactKeys, readJson, writeJson } from '../artifacts.ts';
import type { Engine } from '../engines/engine.ts';
import { compareHistory } from '../import/compare.ts';
import { Imported, type ImportTool, type NewImport } from '../import/schemas.ts';
import { acceptSchema } from './drift.ts';
import type { SchemaPlace } from './schema-versions.ts';

/**
 * Reads a tool's history and compares it with its files. Unless something is wrong, it is kept as the applied history of
 * the schema, and the schema as it is becomes the version that it led to.
 */
export async function importHistory(
  engine: Engine,
  place: SchemaPlace,
  { tool, files, outOfOrder }: NewImport,
  by: string,
): Promise<Imported> {
  const report = compareHistory(tool, await engine.history(tool, place.schema), files, outOfOrder);
  if (report.problems.length > 0) return { ...report, version: null };
  const applied = report.migrations.filter(({ state }) => state === 'applied').length;
  const head = await acceptSchema(engine, place, { kind: 'import', tool, applied }, by);
  const imported = { ...report, version: head.number };
  await writeJson(artifactKeys.importedHistory(place.databaseId, place.schema, tool), imported);
  return imported;
}

/** The history that was taken over from a tool. Throws NotFound. */
export const readImport = (place: SchemaPlace, tool: ImportTool): Promise<Imported> =>
  readJson(Imported, artifactKeys.importedHistory(place.databaseId, place.schema, tool));
