import { Agent, get } from 'node:http';
import { headers, UserSettings, type Visit } from './messages.ts';

// The shop's users as a process of its own: requests at a steady rate, whatever the answers take. Several times a second it
// says what they saw. Started by fork() with its settings.

const timeoutMs = 10_000;
const tickMs = 10;
const tellMs = 200;
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

const startedAt = performance.now();
let sent = 0;
const ticking = setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate);
  for (; sent < due; sent += 1) visit(sent);
}, tickMs);
const telling = setInterval(tell, tellMs);

function tell(): void {
  process.send?.(seen);
  seen = [];
}

/** Lets what is under way end, and tells of it. */
function stop(): void {
  clearInterval(ticking);
  const waiting = setInterval(() => {
    if (inFlight > 0) return;
    clearInterval(waiting);
    clearInterval(telling);
    tell();
    process.send?.('over', () => process.exit(0));
  }, tickMs);
}
process.once('message', stop);
process.once('disconnect', () => process.exit(0));
