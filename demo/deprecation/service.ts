import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

// The shop's API as a process of its own. It knows the newest version only: orders come and go in the form of v2, whatever
// version a client speaks. Started by fork(); says its port; ends in order by SIGTERM.

const NewOrder = z.strictObject({
  customerName: z.string().min(1),
  total: z.strictObject({ amount: z.number().min(0), currency: z.literal('EUR') }),
});
const states = ['received', 'shipped', 'delivered'] as const;
const mostOrders = 1_000;
const orders = new Map<string, object>();
let placed = 0;

const server = createServer(async (request, response) => {
  const answer = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.method === 'POST' && request.url === '/orders') {
    const order = NewOrder.safeParse(await json(request).catch(() => undefined));
    if (!order.success)
      return answer(400, { title: 'Expected an order', detail: z.prettifyError(order.error) });
    placed += 1;
    const id = String(placed);
    const whole = { id, ...order.data, state: states[placed % states.length] };
    orders.set(id, whole);
    orders.delete(String(placed - mostOrders));
    return answer(201, whole);
  }
  request.resume();
  const found = orders.get(/^\/orders\/(\d+)$/.exec(request.url ?? '')?.[1] ?? '');
  return found === undefined ? answer(404, { title: 'There is no such order' }) : answer(200, found);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port });
});
process.once('SIGTERM', () => server.close(() => process.exit(0)));
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0));
