import { createServer } from 'node:http';
import { VersionSettings, versionHeader } from './versions.ts';

// A version of a small service as a process of its own: it answers who it is, after a while, and fails as often as told.
// Started by fork() with its settings as the first argument; says its port; ends in order by SIGTERM.

const settings = VersionSettings.parse(JSON.parse(process.argv[2] ?? '{}'));

/** Log-normal, as latencies are: a few requests take several times as long as most. */
function latencyMs(): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return settings.medianMs * Math.exp(0.4 * normal);
}

const server = createServer((request, response) => {
  request.resume();
  const headers = { 'content-type': 'application/json', [versionHeader]: settings.version };
  if (request.url === '/health') {
    response.writeHead(200, headers).end(JSON.stringify({ status: 'well' }));
    return;
  }
  const fails = Math.random() < settings.errorRate;
  setTimeout(() => {
    response.writeHead(fails ? 500 : 200, headers);
    response.end(JSON.stringify({ greeting: 'hello', version: settings.version }));
  }, latencyMs());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port });
});
process.once('SIGTERM', () => server.close(() => process.exit(0)));
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0));
