import { parseDocument } from 'yaml';
import { z } from 'zod';
import { fieldProblems } from '#platform/errors.ts';
import { MigrationFileInvalid } from '../errors.ts';
import { MAX_FILE_BYTES } from '../file/limits.ts';
import { Identifier } from '../file/schema.ts';

const GIB = 2 ** 30;

/** A file that moves a schema to another database. */
const BlueGreenFile = z.strictObject({
  name: Identifier.optional(),
  strategy: z.literal('blue_green'),
  /** The database that has the rows now, where the file is to say so too. */
  source: z.string().min(1).max(63).optional(),
  /** The registered database that is to serve them. */
  target: z.string().min(1).max(63),
  /** Tables whose rows go along; all of the schema when absent. */
  tables: z.array(Identifier).min(1).max(10_000).optional(),
  /** Both sides take writes while clients move; when absent wherever both are PostgreSQL 16 or newer. */
  two_way: z.boolean().optional(),
  /** What a server may keep of its log for the other, bytes. */
  max_slot_lag_bytes: z
    .int()
    .min(2 ** 20)
    .max(2 ** 50)
    .default(10 * GIB),
});
export type BlueGreenFile = z.infer<typeof BlueGreenFile> & { name: string };

const Strategy = z.looseObject({ strategy: z.literal('blue_green') });

/**
 * The file when it says `strategy: blue_green`, or undefined: then it is read as any other. `fileName` names it when it
 * does not. Throws MigrationFileInvalid with a pointer to every wrong field.
 */
export function parseBlueGreenFile(text: string, fileName: string): BlueGreenFile | undefined {
  if (Buffer.byteLength(text, 'utf8') > MAX_FILE_BYTES) return undefined;
  const document = parseDocument(text, { uniqueKeys: true, stringKeys: true, merge: false });
  if (document.errors.length > 0) return undefined;
  let found: unknown;
  try {
    found = document.toJS({ maxAliasCount: 50 });
  } catch {
    return undefined;
  }
  if (!Strategy.safeParse(found).success) return undefined;
  const name = fileName.split(/[/\\]/).at(-1) ?? '';
  const parsed = BlueGreenFile.safeParse(found);
  if (parsed.success)
    return { ...parsed.data, name: parsed.data.name ?? name.replace(/\.(ya?ml|json)$/i, '') };
  const problems = fieldProblems('', parsed.error).slice(0, 50);
  throw new MigrationFileInvalid(
    `The migration file has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
    {
      problems,
      evidence: { problems },
      action: 'Correct the fields named and plan again.',
    },
  );
}
