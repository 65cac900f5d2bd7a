import { z } from 'zod';
import { Version } from '#compatibility/ranges.ts';

export const Matrix = z
  .strictObject({
    rows: z.array(
      z.strictObject({
        dependant: z.string(),
        version: Version,
        dependency: z.string(),
        range: z.string(),
        builtAgainst: Version.nullable().describe('The version that the others are compared with'),
        candidates: z
          .array(
            z.strictObject({
              version: Version,
              compatible: z.boolean().nullable().describe('Null: a contract is missing'),
              breaking: z
                .array(z.strictObject({ rule: z.string(), message: z.string() }))
                .describe('At most 5'),
            }),
          )
          .describe('The versions in the range, the lowest first; none: the demand cannot be met'),
      }),
    ),
    versions: z.int().describe('How many registered versions were looked at'),
    complete: z
      .boolean()
      .describe('False: there is more than 200 services, 500 versions or 500 rows; ask for one service'),
  })
  .meta({ id: 'ServiceMatrix' });
export type Matrix = z.infer<typeof Matrix>;
