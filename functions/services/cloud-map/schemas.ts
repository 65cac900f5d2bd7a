import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { Version } from '#compatibility/ranges.ts';

const Namespace = z
  .string()
  .regex(/^[!-~]{1,253}$/, 'Expected the name of a namespace such as shop.internal')
  .describe('Its name in AWS Cloud Map');

export const Export = z
  .strictObject({ namespace: Namespace, service: ServiceName.optional().describe('This one only') })
  .meta({ id: 'CloudMapExport' });

export const Exported = z
  .strictObject({
    namespace: z.string(),
    services: z.array(
      z.strictObject({
        service: z.string(),
        created: z.boolean(),
        registered: z.int(),
        deregistered: z.int(),
        unchanged: z.int(),
        skipped: z.string().nullable().describe('Why nothing was done'),
      }),
    ),
    complete: z.boolean().describe('False: there was more than one call may do; the same call again goes on'),
  })
  .meta({ id: 'CloudMapExported' });
export type Exported = z.infer<typeof Exported>;

export const Import = z
  .strictObject({
    namespace: Namespace,
    version: Version.optional().describe('Of instances that have none in their attribute VERSION'),
  })
  .meta({ id: 'CloudMapImport' });

export const Imported = z
  .strictObject({
    namespace: z.string(),
    imported: z.array(
      z.strictObject({ service: z.string(), version: z.string(), url: z.string(), id: z.string() }),
    ),
    skipped: z.array(z.strictObject({ service: z.string(), instance: z.string(), why: z.string() })),
    complete: z.boolean(),
  })
  .meta({ id: 'CloudMapImported' });
export type Imported = z.infer<typeof Imported>;
