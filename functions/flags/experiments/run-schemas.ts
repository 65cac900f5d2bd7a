import { z } from 'zod';

export const NewRun = z
  .strictObject({
    why: z.string().min(1).max(2_000),
    control: z.string().min(1).max(256).optional().describe('The variant that others are compared with'),
  })
  .meta({ id: 'NewFlagExperimentRun' });
export type NewRun = z.infer<typeof NewRun>;

export const Run = z
  .strictObject({
    flag: z.string(),
    run: z.int(),
    startedAt: z.iso.datetime(),
    control: z.string().nullable(),
    sticky: z.boolean(),
  })
  .meta({ id: 'FlagExperimentRun' });

export type Run = z.infer<typeof Run>;
