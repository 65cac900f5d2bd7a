import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, request as overHttps } from 'node:https';
import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { Agent, request as overHttp } from '#platform/node-http.ts';
import { type UpstreamRefused, UpstreamTimeout, UpstreamUnreachable } from '../errors.ts';
import { checkedLookup, refusalOf } from './addresses.ts';
import type { Attempt, Failed, Send } from './attempt.ts';

/** Connections to one instance, and how many of them are kept for the next request. */
const limits = { keepAlive: true, maxSockets: 512, maxFreeSockets: 64, scheduling: 'lifo' } as const;
/** A response that says nothing for so long is cut off. */
const silenceMs = 60_000;
/** Servers close kept connections after 5 s and more; a process that was frozen did not see it. */
const reuseMs = 4_000;

/** A parsed address of an instance. */
export interface Instance {
  origin: string;
  secure: boolean;
  hostname: string;
  port: string;
  /** Put before the path of every request; without a slash at its end. */
  base: string;
  /** An address instead of a name that is not connected to: it needs no lookup, so it is looked at once. */
  refusal: UpstreamRefused | undefined;
}

export function instanceOf(text: string): Instance {
  const url = new URL(text);
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    origin: url.origin,
    secure: url.protocol === 'https:',
    hostname,
    refusal: refusalOf(hostname),
    port: url.port,
    base: url.pathname.replace(/\/+$/, ''),
  };
}

export interface HttpUpstreams {
  send(instance: Instance, request: Send): Promise<Attempt>;
  /** Closes connections that are not in use, and those in use when their requests end. */
  close(): void;
}

/** Requests over HTTP with connections that are kept. */
export function httpUpstreams(): HttpUpstreams {
  let agents = newAgents();
  let running = 0;
  let lastUsed = clock.now();

  /** Connections that nobody used for a while are not trusted: what is not idempotent could not be sent again. */
  function agentFor(instance: Instance): HttpAgent {
    const now = clock.now();
    if (running === 0 && now - lastUsed > reuseMs) {
      closeAll(agents);
      agents = newAgents();
    }
    lastUsed = now;
    return instance.secure ? agents.https : agents.http;
  }

  return {
    send(instance, request) {
      const agent = agentFor(instance);
      running += 1;
      return send(instance, request, agent, () => {
        running -= 1;
        lastUsed = clock.now();
      });
    },
    close: () => closeAll(agents),
  };
}

interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}
const newAgents = (): Agents => ({
  http: new Agent({ ...limits, timeout: silenceMs }),
  https: new HttpsAgent({ ...limits, timeout: silenceMs }),
});
const closeAll = ({ http, https }: Agents): void => {
  http.destroy();
  https.destroy();
};

function send(instance: Instance, asked: Send, agent: HttpAgent, ended: () => void): Promise<Attempt> {
  return new Promise((resolve) => {
    let sent: ClientRequest;
    let late = false;
    try {
      if (instance.refusal !== undefined) throw instance.refusal;
      sent = (instance.secure ? overHttps : overHttp)({
        agent,
        hostname: instance.hostname,
        port: instance.port,
        method: asked.method,
        path: `${instance.base}${asked.path}${asked.query === '' ? '' : `?${asked.query}`}`,
        headers: asked.headers,
        lookup: checkedLookup,
      });
    } catch (error) {
      ended();
      resolve(failureOf(error, instance, asked, false));
      return;
    }
    const timer = setTimeout(() => {
      late = true;
      sent.destroy(new Error('late'));
    }, asked.timeoutMs);
    const leave = () => sent.destroy(new Error('the client has gone'));
    asked.gone.addEventListener('abort', leave, { once: true });
    sent.once('timeout', () => sent.destroy(new Error(`silent for ${silenceMs} ms`)));
    sent.once('close', () => {
      clearTimeout(timer);
      asked.gone.removeEventListener('abort', leave);
      ended();
    });
    sent.once('response', (response) => {
      clearTimeout(timer);
      const { statusCode = 502, headers } = response;
      resolve({ kind: 'answered', status: statusCode, headers, body: response });
    });
    // After the response began its own stream says what became of it.
    sent.on('error', (error) => resolve(failureOf(error, instance, asked, late)));
    sent.end(asked.body.length > 0 ? asked.body : undefined);
  });
}

function failureOf(error: unknown, { origin }: Instance, asked: Send, late: boolean): Failed {
  const evidence = { origin };
  if (late) {
    const message = `${origin} did not begin to answer within ${asked.timeoutMs} ms`;
    return { kind: 'failed', error: new UpstreamTimeout(message, { evidence }), cause: null, atFault: true };
  }
  if (error instanceof TheseusError) return { kind: 'failed', error, cause: null, atFault: true };
  const why = error instanceof Error && 'code' in error ? String(error.code) : 'the connection broke';
  return {
    kind: 'failed',
    error: new UpstreamUnreachable(`${origin} could not be reached: ${why}`, { evidence, cause: error }),
    cause: 'connect',
    atFault: !asked.gone.aborted,
  };
}
