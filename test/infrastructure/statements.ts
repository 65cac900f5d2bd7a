import { z } from 'zod';
import type { Template } from './synthesised.ts';

const many = z
  .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
  .transform((value): unknown[] => (Array.isArray(value) ? value : [value]));
const statement = z.looseObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: many.transform((actions) => actions.map(String)),
  Resource: many.optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const policyDocument = z.object({ Statement: z.array(statement) });
export type Statement = z.infer<typeof statement>;

/** Every statement of every policy in a template, whoever holds it, with where it was found. */
export function statementsIn(template: Template): { where: string; type: string; statement: Statement }[] {
  return Object.entries(template.Resources).flatMap(([id, { Type: type, Properties: properties }]) =>
    documentsIn(properties).flatMap((document) =>
      policyDocument.parse(document).Statement.map((each) => ({ where: id, type, statement: each })),
    ),
  );
}

function documentsIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value) return [value];
  return Object.values(value).flatMap(documentsIn);
}
