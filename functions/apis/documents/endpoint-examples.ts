import type { Description } from '#compatibility/descriptions.ts';
import { exampleOf, type Side } from './example.ts';

type OpenApi = Extract<Description, { kind: 'openapi' }>;
type Operation = OpenApi['endpoints'] extends ReadonlyMap<string, infer O> ? O : never;
type Content = NonNullable<Operation['body']>['content'];

/** An example of a request or an answer; undefined when there is none of JSON. */
function fromContent({ document }: OpenApi, content: Content | undefined, side: Side): unknown {
  const media = [...(content?.values() ?? [])].find(({ name }) => /[/+]json\b/.test(name));
  return media?.schema === undefined ? undefined : exampleOf(document, media.schema.schema, side);
}

/** The answer when all goes well. */
const success = ({ responses }: Operation): Content | undefined =>
  (['200', '201', '202', '2XX', 'default'] as const).map((status) => responses.get(status)).find(Boolean)
    ?.content;

export interface EndpointExample {
  /** `GET /orders/{id}`, with the names of its parameters. */
  title: string;
  request: unknown;
  response: unknown;
}

/** What a request to an endpoint and its answer look like; undefined for an endpoint that is not there. */
export function exampleOfEndpoint(description: Description, endpoint: string): EndpointExample | undefined {
  if (description.kind !== 'openapi') return undefined;
  const operation = description.endpoints.get(endpoint);
  if (operation === undefined) return undefined;
  return {
    title: `${operation.method.toUpperCase()} ${operation.path}`,
    request: fromContent(description, operation.body?.content, 'request'),
    response: fromContent(description, success(operation), 'response'),
  };
}
