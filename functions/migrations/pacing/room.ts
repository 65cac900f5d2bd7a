import { z } from 'zod';

/** What a range leaves to others: `none` at a limit, `more` where it goes as fast as it may and all limits are far, else `enough` for itself. */
export const Room = z.enum(['more', 'enough', 'none']);
export type Room = z.infer<typeof Room>;
