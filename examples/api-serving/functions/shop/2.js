// The shop knows the newest version of its API only: an order has its total as an object, and lines have a sku.
const orders = new Map([
  ['7', { id: '7', lines: [{ sku: 'pen', count: 2 }], total: { amount: 5, currency: 'EUR' } }],
]);

const answer = (statusCode, body) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export const handler = async ({ rawPath, body, requestContext, headers }) => {
  const id = rawPath.split('/')[2];
  if (requestContext.http.method === 'POST') {
    const order = { id: '8', ...JSON.parse(body), total: { amount: 0, currency: 'EUR' } };
    return answer(201, order);
  }
  if (id === undefined) return answer(200, { consumer: headers['x-consumer'], orders: [...orders.keys()] });
  const order = orders.get(id);
  return order === undefined ? answer(404, { title: 'There is no such order' }) : answer(200, order);
};
