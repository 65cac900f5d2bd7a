import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

// The peer: http-proxy with connections that are kept, as its documentation advises. Prints its address.

const [target = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 64 });
const proxy = httpProxy.createProxyServer({ target, agent, xfwd: true });
proxy.on('error', (error) => console.error(error.message));
const server = createServer((request, response) => {
  request.url = (request.url ?? '/').replace(/^\/bench/, '') || '/';
  proxy.web(request, response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
});
