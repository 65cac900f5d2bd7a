import { createServer } from 'node:http';

// A service that does nothing but answer. Prints its address.

const body = JSON.stringify({ id: 'ord_7f3a', state: 'paid', total: 4_200, lines: ['a', 'b', 'c'] });
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
});
