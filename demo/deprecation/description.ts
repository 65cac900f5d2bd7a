// The API of the demo in its two versions. The second one renames a field, wraps another, and has other words for states.

export const api = 'shop';
export const versions = { old: '1.0.0', new: '2.0.0' } as const;
/** What clients write into the path. */
export type Spoken = 'v1' | 'v2';

const text = { type: 'string', minLength: 1 } as const;
const number = { type: 'number', minimum: 0 } as const;

const closed = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const parts = {
  v1: {
    state: { type: 'string', enum: ['new', 'sent', 'done'] },
    fields: { customer_name: text, total: number },
  },
  v2: {
    state: { type: 'string', enum: ['received', 'shipped', 'delivered'] },
    fields: {
      customerName: text,
      total: closed({ amount: number, currency: { type: 'string', const: 'EUR' } }),
    },
  },
} as const;

/** What a client of a version sends, and what it is answered: nothing more and nothing less. */
export const schemasOf = (spoken: Spoken) => {
  const { state, fields } = parts[spoken];
  return { sent: closed(fields), received: closed({ id: text, ...fields, state }) };
};

/** The description of a version, as JSON. */
export function descriptionOf(spoken: Spoken): string {
  const { sent, received } = schemasOf(spoken);
  const json = (schema: object) => ({ 'application/json': { schema } });
  const answer = (description: string) => ({
    description,
    content: json({ $ref: '#/components/schemas/Order' }),
  });
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Shop', version: spoken === 'v1' ? versions.old : versions.new },
    paths: {
      '/orders': {
        post: {
          operationId: 'placeOrder',
          requestBody: { required: true, content: json({ $ref: '#/components/schemas/NewOrder' }) },
          responses: { 201: answer('It is placed') },
        },
      },
      '/orders/{id}': {
        get: {
          operationId: 'readOrder',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { 200: answer('It is there') },
        },
      },
    },
    components: { schemas: { NewOrder: sent, Order: received } },
  });
}

/** What no machine can know: which state of the one version is which of the other. */
export const byHand = {
  id: 'states-are-called-otherwise',
  description: 'States have the names that the warehouse gives them.',
  endpoints: ['POST /orders', 'GET /orders/{}'],
  response: [
    {
      op: 'map' as const,
      at: '/state',
      values: parts.v1.state.enum.map((old, at) => [old, parts.v2.state.enum[at] ?? old]),
    },
  ],
};
