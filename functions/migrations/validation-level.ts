import { z } from 'zod';

/** How rows are verified: basic a sample; full every row; strict every row, twice after publish. */
export const ValidationLevel = z.enum(['basic', 'full', 'strict']);
export type ValidationLevel = z.infer<typeof ValidationLevel>;
