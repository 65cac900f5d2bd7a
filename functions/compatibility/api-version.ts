import { z } from 'zod';
import { Version } from './ranges.ts';

// What the registry of APIs and the gateway have to mean alike.

/** `1.4.2`, or a date such as `2026-03-01`: all versions of an API are of one kind. */
export const ApiVersion = z.union([Version, z.iso.date()], {
  error: ({ input }) =>
    `Expected a version such as 1.4.2 or a date such as 2026-03-01, found ${JSON.stringify(input)}`,
});

/** In lower case, as requests are read. */
export const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'Expected the name of a header, at most 64 characters')
  .transform((name) => name.toLowerCase());

const template = (shape: RegExp, example: string) =>
  z
    .string()
    .max(200)
    .regex(shape, `Expected a template such as ${example}`)
    .refine((text) => text.split('{version}').length === 2, 'Expected {version} in it once');

/** How a request says which version it is for. */
export const Choice = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('header'), name: HeaderName }),
  z.strictObject({
    by: z.literal('path'),
    template: template(/^(\/[A-Za-z0-9._~{}-]+)+$/, '/v{version}').describe('What paths begin with'),
  }),
  z.strictObject({
    by: z.literal('media-type'),
    template: template(/^[a-z]+\/[a-z0-9.+{}-]+$/, 'application/vnd.acme.v{version}+json'),
  }),
  z.strictObject({ by: z.literal('query'), name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/) }),
]);
export type Choice = z.infer<typeof Choice>;
