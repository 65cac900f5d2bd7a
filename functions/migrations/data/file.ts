import { z } from 'zod';
import { type FieldProblem, fieldProblems } from '#platform/errors.ts';
import { nameOf, readFileText, refuse } from '../file/parse.ts';
import { Identifier } from '../file/schema.ts';

const Transformation = {
  sql: z.string().min(1).max(65_536).optional(),
  jsonata: z.string().min(1).max(65_536).optional(),
  module: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*\.(ts|js|mjs)$/, 'expected a relative path such as transforms/chunks.ts')
    .refine((path) => !path.split('/').includes('..'), 'may not lead out of the folder')
    .max(255)
    .optional(),
};

/** Rows of one table into another. */
const TableLoad = z
  .strictObject({
    from: Identifier,
    to: Identifier,
    key: z.array(Identifier).min(1).max(32).optional(),
    columns: z.array(Identifier).min(1).max(1_600).optional(),
    watermark: Identifier.optional(),
    overlap: z.string().min(1).max(50).optional(),
    ...Transformation,
  })
  .refine(({ sql, jsonata, module }) => [sql, jsonata, module].filter(Boolean).length <= 1, {
    error: 'expected at most one of sql, jsonata and module',
  })
  .refine(({ jsonata, module, columns }) => (jsonata ?? module) === undefined || columns !== undefined, {
    error: 'expected the columns that the transformation fills',
    path: ['columns'],
  })
  .refine(({ jsonata, module, columns }) => (jsonata ?? module) !== undefined || columns === undefined, {
    error: 'the SELECT itself says which columns it fills',
    path: ['columns'],
  });
export type TableLoad = z.infer<typeof TableLoad>;

const DataShape = z
  .strictObject({
    from: z
      .strictObject({ database: z.string().min(1).max(63).optional(), schema: Identifier.optional() })
      .default({}),
    strategy: z.enum(['full', 'incremental']).default('full'),
    errors: z
      .strictObject({
        most: z.int().min(0).max(10_000).default(1_000),
        percent: z.number().min(0).max(100).default(5),
      })
      .prefault({}),
    tables: z.array(TableLoad).min(1).max(100),
  })
  .superRefine(({ strategy, tables }, context) => {
    tables.forEach(({ watermark }, index) => {
      if ((watermark !== undefined) === (strategy === 'incremental')) return;
      const message =
        strategy === 'incremental'
          ? 'expected the column that tells when a row was last changed'
          : 'a watermark belongs to strategy: incremental';
      context.addIssue({ code: 'custom', path: ['tables', index, 'watermark'], message });
    });
  });

const FileShape = z.strictObject({ name: z.string().optional(), data: DataShape });

/** A data migration as its author wrote it. */
export type DataFile = z.infer<typeof DataShape> & { name: string };

/**
 * Reads the file of a data migration. Throws MigrationFileTooLarge over 256 KiB, MigrationFileInvalid with a pointer to
 * every wrong field.
 */
export function parseDataFile(text: string, options: { fileName?: string } = {}): DataFile {
  const shape = FileShape.safeParse(readFileText(text));
  if (!shape.success) throw refuse(fieldProblems('', shape.error));
  const name = nameOf(shape.data.name, options.fileName);
  const problems: FieldProblem[] = Identifier.safeParse(name).success
    ? []
    : [
        {
          pointer: '/name',
          detail: 'Expected a name of 1 to 63 bytes, in the file or as the file’s own name',
        },
      ];
  if (problems.length > 0) throw refuse(problems);
  return { name, ...shape.data.data };
}
