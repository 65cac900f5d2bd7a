import { z } from 'zod';

/** One column of what tells a table's rows apart, with its type as SQL names it. */
export const KeyColumn = z.strictObject({ column: z.string(), type: z.string() });
