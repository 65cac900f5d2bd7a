import { ServiceName } from '#compatibility/contracts/shape.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { random } from '#platform/random.ts';
import { rateLimits } from '../apis/rate-limits.ts';
import { type Observers, serveApi, type Through } from '../apis/serve-api.ts';
import { usageRecorder } from '../apis/usage/recorder.ts';
import { ServiceUnknown } from '../errors.ts';
import { type TrafficRecorder, trafficRecorder } from '../traffic/recorder.ts';
import type { Send } from './attempt.ts';
import { breakersOf } from './breakers.ts';
import { choose, versionHeader } from './choose.ts';
import { forwarded, headerText } from './headers.ts';
import { httpUpstreams } from './http-upstream.ts';
import { servedRoutes } from './load-served.ts';
import { mirrors } from './mirror.ts';
import type { ReadyRoute } from './ready-route.ts';
import type { GatewayRequest, Respond } from './request.ts';
import { answerProblem, choiceHeaders, passOn } from './respond.ts';
import { type RouteCache, routeCache } from './route-cache.ts';
import { checkToken } from './token.ts';
import { isFailure, safeMethods, triesOf } from './tries.ts';

export interface Gateway {
  /** Answers a request, whatever happens; resolves when what was counted is written, too. Never rejects. */
  serve(request: GatewayRequest, respond: Respond): Promise<void>;
  /** Writes all that was counted. */
  flush(): Promise<void>;
  close(): void;
}

const chance = { random: () => random(), newKey: () => newId('visitor') };

/** Steps out of the path that instances were given, encoded or not. */
const stepOut = /(?:^|\/)(?:\.|%2e){2}(?:\/|$)/i;

function unknownService(service: string): ServiceUnknown {
  return new ServiceUnknown(`No route leads to a service '${service.slice(0, 63)}'`, {
    evidence: { service: service.slice(0, 63) },
    action: 'The first part of the path is the name of a service; see `theseus gateway routes`.',
  });
}

/** The data plane of one process: its routes, connections and counts. */
export function createGateway({
  routes = routeCache(servedRoutes()),
  traffic = trafficRecorder(),
  apis = { limits: rateLimits(), usage: usageRecorder() },
}: {
  routes?: RouteCache<ReadyRoute>;
  traffic?: TrafficRecorder;
  apis?: Observers;
} = {}): Gateway {
  const upstreams = httpUpstreams();
  const tries = triesOf(upstreams, traffic);
  const mirror = mirrors();
  const breakers = breakersOf();

  /** Copies a share of safe requests to another version. */
  function copied(route: ReadyRoute, send: Send): Promise<void> | undefined {
    if (route.mirror === null || !safeMethods.has(send.method)) return undefined;
    const { version, percent } = route.mirror;
    if (random() * 100 >= percent) return undefined;
    const to = route.targets.find((one) => one.version === version);
    return to && mirror(send, (copy) => tries.once(route.service, to, copy, Math.floor(random() * 1_000)));
  }

  async function answer(
    route: ReadyRoute,
    rest: string,
    request: GatewayRequest,
    respond: Respond,
    afterwards: Promise<unknown>[],
  ): Promise<void> {
    checkToken(route.access, request.headers);
    if (stepOut.test(rest)) {
      throw new InvalidInput('The path steps out of its service', {
        problems: [{ pointer: '/path', detail: 'Expected no ..' }],
        action: 'Send the path without it.',
      });
    }
    if (route.api === null) return await forward(route, rest, request, respond, afterwards);
    await serveApi(route.api, { request, rest }, { respond, ...apis }, (changed, path, answering, through) =>
      forward(route, path, changed, answering, afterwards, through),
    );
  }

  /** `through` is what an API makes of the answer. */
  async function forward(
    route: ReadyRoute,
    rest: string,
    request: GatewayRequest,
    respond: Respond,
    afterwards: Promise<unknown>[],
    through?: Through,
  ): Promise<void> {
    const { headers, address, gone, method, query, requestId } = request;
    const tenant = request.tenant ?? headerText(headers, 'x-tenant-id');
    const { chosen, cookie } = choose(route, { headers, tenant, address, path: rest }, chance);
    const body = await request.body();
    const send: Send = {
      ...{ method, path: rest, query, body, address, requestId, gone },
      headers: forwarded(request, body.length),
      timeoutMs: route.timeoutMs,
    };
    const copy = copied(route, send);
    if (copy !== undefined) afterwards.push(copy);
    const to = route.targets.find(({ version }) => version === chosen.version);
    if (to === undefined) throw new RangeError(`${chosen.version} is no target`);
    const breaker =
      route.circuitBreaker && breakers.of(`${route.service}/${to.version}`, route.circuitBreaker);
    const admission = await breaker?.admit();
    const started = clock.monotonic();
    const tried = await tries.repeatedly(route.service, to, send, route.retry);
    if (breaker && admission) {
      const result = isFailure(tried) ? 'failure' : gone.aborted ? 'ignored' : 'success';
      afterwards.push(breaker.record(admission, { result, ms: clock.monotonic() - started }));
    }
    const attempt = through && tried.kind === 'answered' ? await through(tried) : tried;
    if (attempt.kind === 'answered') {
      const more = choiceHeaders(to.version, cookie, attempt, request);
      const whole = await passOn(attempt, more, request, respond);
      if (!whole && !gone.aborted) tried.brokeOff();
    } else {
      if (tried.kind === 'answered' && attempt.atFault && !gone.aborted) tried.brokeOff();
      await answerProblem(attempt.error, { [versionHeader]: to.version }, request, respond);
    }
  }

  return {
    async serve(request, respond) {
      const afterwards: Promise<unknown>[] = [];
      try {
        const [, service = '', rest = '/'] = /^\/([^/]*)(\/.*)?$/.exec(request.path) ?? [];
        // What cannot be a name is not even looked for.
        if (!ServiceName.safeParse(service).success) throw unknownService(service);
        const found = routes.find(service);
        const { value, refreshing } = found instanceof Promise ? await found : found;
        if (refreshing !== undefined) afterwards.push(refreshing);
        if (value === null) throw unknownService(service);
        await answer(value, rest, request, respond, afterwards);
      } catch (error) {
        await answerProblem(error, {}, request, respond).catch(() => {}); // the response had begun: it stays unfinished
      }
      // The client has its answer: what is left takes none of its time, and a frozen process would never do it.
      if (traffic.due()) afterwards.push(traffic.flush());
      if (apis.usage.due()) afterwards.push(apis.usage.flush());
      if (apis.limits.due()) afterwards.push(apis.limits.flush());
      if (afterwards.length > 0) await Promise.allSettled(afterwards);
    },
    async flush() {
      await Promise.all([traffic.flush(), breakers.flush(), apis.usage.flush(), apis.limits.flush()]);
    },
    close: () => upstreams.close(),
  };
}
