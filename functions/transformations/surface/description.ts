import type { Description } from '#compatibility/descriptions.ts';
import { InvalidInput } from '#platform/errors.ts';
import { surfaceOf } from './openapi.ts';
import type { Surface } from './surface.ts';

/** The endpoint that stands for documents of a JSON Schema by itself. */
export const DOCUMENT = 'document';

/**
 * What is to be transformed of an API: the endpoints of OpenAPI, or the documents of a JSON Schema, which go both ways.
 * @throws InvalidInput for kinds whose documents are not transformed.
 */
export function surfaceOfDescription(description: Description): Surface {
  if (description.kind === 'openapi') return surfaceOf(description);
  if (description.kind === 'json-schema') {
    const { schema } = description.side.root;
    const body = { schema, document: schema, side: description.side };
    return new Map([[DOCUMENT, { request: { body }, response: { body }, errors: {} }]]);
  }
  throw new InvalidInput(`Expected OpenAPI or a JSON Schema, found ${description.kind}`, {
    action: 'Fields of GraphQL are added and deprecated instead; events are described by JSON Schemas.',
  });
}
