import { Agent, get } from 'node:http';
import { visitSteadily } from '../steady.ts';
import { headers, UserSettings, type Visit } from './messages.ts';

// The shop's users as a process of its own: requests at a steady rate, whatever the answers take. Several times a second it
// says what they saw. Started by fork() with its settings.

const timeoutMs = 10_000;
const { urls, users, rate } = UserSettings.parse(JSON.parse(process.argv[2] ?? '{}'));
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let seen: Visit[] = [];
let inFlight = 0;

function visit(number: number): void {
  const user = number % users;
  const round = Math.floor(number / users);
  const instance = (user + round) % urls.length;
  const began = performance.now();
  const at = Date.now();
  inFlight += 1;
  const saw = (what: Pick<Visit, 'status' | 'isNew' | 'limitMs'>): void => {
    inFlight -= 1;
    seen.push({ at, user, instance, ...what, tookMs: Math.round((performance.now() - began) * 10) / 10 });
  };
  const request = get(
    `${urls[instance]}/checkout`,
    { agent, timeout: timeoutMs, headers: { [headers.user]: `user-${user}` } },
    (response) => {
      response.resume();
      const { [headers.checkout]: checkout, [headers.limit]: limit } = response.headers;
      response.once('close', () =>
        saw({
          status: response.complete ? (response.statusCode ?? 0) : 0,
          isNew: checkout === undefined ? null : checkout === 'new',
          limitMs: limit === undefined ? null : Number(limit),
        }),
      );
      // Cut off: what came of it is told by the close.
      response.once('error', () => {});
    },
  );
  request.once('timeout', () => request.destroy(new Error('timeout')));
  let answered = false;
  request.once('response', () => {
    answered = true;
  });
  request.once('error', () => {
    if (!answered) saw({ status: 0, isNew: null, limitMs: null });
  });
}

visitSteadily({
  rate,
  visit,
  inFlight: () => inFlight,
  tellMs: 200,
  take: () => {
    const told = seen;
    seen = [];
    return told;
  },
});
