import type { View } from '#compatibility/openapi/dialect.ts';
import type { MediaType, OpenApi, Operation, Parameter } from '#compatibility/openapi/model.ts';
import { Schemas } from '#compatibility/openapi/schemas.ts';
import type { EndpointSurface, PartSchema, Surface } from './surface.ts';

/** The surface of an API that OpenAPI describes: bodies that are JSON, and parameters as objects of them. */
export function surfaceOf(description: OpenApi): Surface {
  const views: Record<View, Schemas> = {
    sent: new Schemas(description, 'sent'),
    received: new Schemas(description, 'received'),
  };
  const part = (schema: unknown, pointer: string, view: View): PartSchema => ({
    schema,
    document: description.document,
    side: views[view].side({ schema, pointer }),
  });
  const body = (content: ReadonlyMap<string, MediaType> | undefined, view: View) => {
    const schema = [...(content?.values() ?? [])].find(({ name }) => isJson(name))?.schema;
    return schema ? { body: part(schema.schema, schema.pointer, view) } : {};
  };
  const parameters = (operation: Operation, place: Parameter['in']) => {
    const all = [...operation.parameters.values()].filter((one) => one.in === place);
    return all.length === 0
      ? undefined
      : part(objectOf(all), `${operation.pointer}/parameters#${place}`, 'sent');
  };
  const surfaceOfOperation = (operation: Operation): EndpointSurface => {
    const query = parameters(operation, 'query');
    const headers = parameters(operation, 'header');
    return {
      request: {
        ...body(operation.body?.content, 'sent'),
        ...(query && { query }),
        ...(headers && { headers }),
      },
      response: body(answerOf(operation, /^2/)?.content, 'received'),
      errors: body(answerOf(operation, /^[45]|^default$/)?.content, 'received'),
    };
  };
  return new Map([...description.endpoints].map(([key, operation]) => [key, surfaceOfOperation(operation)]));
}

/** The first answer whose status is meant and that has JSON. */
const answerOf = ({ responses }: Operation, status: RegExp) =>
  [...responses.values()]
    .filter((one) => status.test(one.status) && [...one.content.keys()].some(isJson))
    .sort((a, b) => (a.status < b.status ? -1 : 1))[0];

const isJson = (mediaType: string) => /^application\/(json|[\w.+-]+\+json)\b/i.test(mediaType);

/** Parameters as the properties of one object; headers by names in lower case, as chains have them. */
function objectOf(parameters: readonly Parameter[]): Record<string, unknown> {
  const named = parameters.map((one) => ({
    ...one,
    name: one.in === 'header' ? one.name.toLowerCase() : one.name,
  }));
  return {
    type: 'object',
    properties: Object.fromEntries(named.map(({ name, schema }) => [name, schema?.schema ?? true])),
    required: named.filter(({ required }) => required).map(({ name }) => name),
  };
}
