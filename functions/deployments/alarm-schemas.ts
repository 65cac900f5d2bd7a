import { z } from 'zod';

export const AlarmName = z.string().min(1).max(255);

/** An alarm that fires, and since when without a break (ISO 8601). */
export const FiringAlarm = z.strictObject({ name: AlarmName, since: z.iso.datetime() });
export type FiringAlarm = z.infer<typeof FiringAlarm>;
