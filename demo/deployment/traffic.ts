import { Agent, get } from 'node:http';
import { visitSteadily } from '../steady.ts';
import { type Second, TrafficSettings } from './second.ts';
import { versionHeader } from './versions.ts';

// Visitors of the service as a process of its own: requests through the gateway at a steady rate, whatever the answers
// take. Every second it says what came of them, by the version that answered. Started by fork() with its settings.

const timeoutMs = 10_000;
const settings = TrafficSettings.parse(JSON.parse(process.argv[2] ?? '{}'));
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const fresh = (): Second => ({ at: Date.now(), versions: {}, lost: {} });
let second = fresh();
let inFlight = 0;

function lose(why: string): void {
  second.lost[why] = (second.lost[why] ?? 0) + 1;
}

function visit(): void {
  const started = performance.now();
  inFlight += 1;
  const request = get(settings.url, { agent, timeout: timeoutMs }, (response) => {
    response.resume();
    response.once('close', () => {
      inFlight -= 1;
      const version = response.headers[versionHeader];
      const own = response.headers['x-theseus-gateway'];
      if (!response.complete) lose('cut off');
      else if (typeof version !== 'string') lose(`${response.statusCode} ${own ?? 'of nobody'}`);
      else {
        const found = second.versions[version] ?? { answers: 0, errors: 0, latencies: [] };
        second.versions[version] = found;
        found.answers += 1;
        if ((response.statusCode ?? 500) >= 500) found.errors += 1;
        found.latencies.push(Math.round((performance.now() - started) * 10) / 10);
      }
    });
  });
  request.once('timeout', () => request.destroy(new Error('timeout')));
  request.once('error', (error: NodeJS.ErrnoException) => {
    inFlight -= 1;
    lose(error.code ?? error.message);
  });
}

visitSteadily({
  rate: settings.rate,
  visit,
  inFlight: () => inFlight,
  tellMs: 1_000,
  take: () => {
    const told = second;
    second = fresh();
    return told;
  },
});
