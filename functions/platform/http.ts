import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { AccessControl } from './access.ts';
import type { AuditStore } from './audit.ts';
import { clock } from './clock.ts';
import type { TheseusError } from './errors.ts';
import type { IdempotencyStore, IdempotentRequest, StoredResponse } from './idempotency.ts';
import { type AskedInName, eventInName, type OpenRoute } from './open-route.ts';
import { type OpenApiWebhook, openApiDocument } from './openapi.ts';
import { namedError, problemOf } from './problem.ts';
import {
  bodyTextOf,
  callerOf,
  type HttpEvent,
  headerOf,
  httpEvent,
  idempotencyKeyOf,
  jsonOf,
  pathOf,
  queryOf,
} from './request.ts';
import type { RequestTools, Route } from './route.ts';
import { match, openMatch } from './router.ts';
import {
  type InvocationLogger,
  type InvocationMetrics,
  invocationLogger,
  invocationMetrics,
  tracing,
} from './telemetry.ts';
import { type Trail, trailOf } from './trail.ts';

export interface ApiDefinition {
  /** The function's name without the environment, for example `migrations-api`. */
  name: string;
  /** Where its own /openapi.json and /health are: '' for the first API, else the path of its capability, `/services`. */
  root: string;
  info: { title: string; version: string; description?: string };
  routes: Route[];
  /** What answers without a token. */
  open?: OpenRoute[];
  /** What is sent to others, for the description of the API: by its name. */
  webhooks?: Record<string, OpenApiWebhook>;
  /** Where answers to POST are kept for repeats; called when a request brings an Idempotency-Key. */
  idempotency: () => IdempotencyStore;
  /** Who may do what. */
  access: AccessControl;
  /** Where every call that changes something is entered, and every one that was not allowed to. */
  audit: () => AuditStore;
}

/** What goes back to API Gateway (payload version 2.0). */
export interface HttpAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body?: string;
}

export interface ApiHandler {
  (event: unknown, context: Context): Promise<HttpAnswer>;
  definition: ApiDefinition;
}

const fixedHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** An answer as it goes out: JSON, or a text as it is where the headers say what it is. */
function written(status: number, body: unknown, headers: Record<string, string> = {}): StoredResponse {
  if (body === undefined) return { status, headers };
  if (typeof body === 'string' && headers['content-type'] !== undefined) return { status, headers, body };
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** Headers that go with an error: which methods are possible, when to come back, how to authenticate. */
function errorHeaders(error: TheseusError): Record<string, string> {
  if (error.status === 401) return { 'www-authenticate': 'Bearer' };
  if (error.status === 405 && Array.isArray(error.evidence.allowed)) {
    return { allow: error.evidence.allowed.join(', ') };
  }
  return error.retryable ? { 'retry-after': '5' } : {};
}

/** Runs once per Idempotency-Key: a repeat gets the first answer, a failure lets the key go. */
async function onlyOnce(
  store: IdempotencyStore,
  request: IdempotentRequest,
  logger: InvocationLogger,
  run: () => Promise<StoredResponse>,
): Promise<StoredResponse> {
  const begun = await store.begin(request);
  if (begun.kind === 'replay') {
    return { ...begun.response, headers: { ...begun.response.headers, 'idempotency-replayed': 'true' } };
  }
  let response: StoredResponse;
  try {
    response = await run();
  } catch (error) {
    await store
      .release(request, begun.owner)
      .catch((failure: unknown) =>
        logger.warn('idempotency key not released; its lease ends it', failure as Error),
      );
    throw error;
  }
  await store.complete(request, begun.owner, response);
  return response;
}

/**
 * All routes of a capability as one Lambda handler behind an HTTP API. Adds GET /openapi.json and
 * GET /health below its root, which need no token, as the open routes do. Every error leaves as RFC 9457 problem details; an unknown one says
 * nothing of its cause and is in the log.
 */
export function httpApi(definition: ApiDefinition): ApiHandler {
  const { name, root, routes, open = [] } = definition;
  let document: string | undefined;
  const answerInName = (event: HttpEvent, asked: AskedInName, context: Context) =>
    run(eventInName(event, asked), context);

  async function answer(
    event: HttpEvent,
    context: Context,
    { logger, metrics, trail }: { logger: InvocationLogger; metrics: InvocationMetrics; trail: Trail },
  ): Promise<StoredResponse> {
    const method = event.requestContext.http.method;
    const path = pathOf(event);
    if (method === 'GET' && path === `${root}/health`) return written(200, { status: 'ok' });
    if (method === 'GET' && path === `${root}/openapi.json`) {
      document ??= JSON.stringify(openApiDocument(definition));
      return { status: 200, headers: { 'content-type': 'application/json' }, body: document };
    }
    const unlocked = openMatch(open, method, path);
    if (unlocked !== undefined) {
      const { route, params } = unlocked;
      logger.appendKeys({ route: `${method} ${route.path}` });
      const { status, body, headers } = await route.handler({
        header: (wanted) => headerOf(event, wanted),
        params,
        body: bodyTextOf(event),
        logger,
        ask: (asked) => answerInName(event, asked, context),
      });
      return written(status, body, headers);
    }
    const { route, params } = match(routes, method, path);
    // A dry run stores nothing, not even its answer: to repeat it does no harm.
    const dryRun = queryOf(event).dryRun === 'true';
    if (method !== 'GET' && !dryRun && !route.routine) trail.opens(route, path);
    const caller = callerOf(event);
    trail.calls(caller.subject);
    logger.appendKeys({ route: `${method} ${route.path}`, subject: caller.subject });
    const permit = await definition.access.admit(caller, route.needs);
    const bodyText = bodyTextOf(event);
    const { run, ...parsed } = route.prepare({
      params,
      query: queryOf(event),
      body: jsonOf(event, bodyText),
    });
    const idempotencyKey = method === 'POST' ? idempotencyKeyOf(event) : undefined;
    // Why may stand in the query of a DELETE, which has no body.
    await trail.begins(await permit(parsed), parsed.body ?? parsed.query);
    const tools: RequestTools = {
      caller,
      idempotencyKey,
      header: (wanted) => headerOf(event, wanted),
      requestId: event.requestContext.requestId,
      deadline: () => context.getRemainingTimeInMillis(),
      logger,
      metrics,
    };
    const respond = async () => {
      const result = await run(tools);
      return written(result.status, result.body, result.headers);
    };
    if (idempotencyKey === undefined || dryRun || route.answersSecret) return respond();
    const request = {
      caller: caller.subject,
      method,
      path,
      key: idempotencyKey,
      body: `${event.rawQueryString}\n${bodyText}`,
    };
    return onlyOnce(definition.idempotency(), request, logger, respond);
  }

  async function run(rawEvent: unknown, context: Context): Promise<HttpAnswer> {
    const started = clock.monotonic();
    const event = httpEvent.parse(rawEvent);
    const { requestId } = event.requestContext;
    const logger = invocationLogger(name, { requestId, correlationId: headerOf(event, 'x-correlation-id') });
    const { metrics, publish } = invocationMetrics(name);
    const trail = trailOf(definition.audit, event, logger, metrics);
    let response: StoredResponse;
    let failure: string | null = null;
    try {
      response = await answer(event, context, { logger, metrics, trail });
    } catch (error) {
      const named = namedError(error, requestId);
      const problem = problemOf(named, requestId);
      failure = problem.type.split(':').at(-1) ?? null;
      if (problem.status >= 500)
        logger.error('request failed', error instanceof Error ? error : String(error));
      response = written(problem.status, problem, {
        'content-type': 'application/problem+json',
        ...errorHeaders(named),
      });
    }
    await trail.ends({ status: response.status, error: failure, location: response.headers.location });
    const durationMs = clock.monotonic() - started;
    logger.info('request answered', { status: response.status, durationMs: Math.round(durationMs) });
    metrics.count(`Status${Math.floor(response.status / 100)}xx`);
    metrics.duration('RequestDuration', durationMs);
    publish();
    return {
      statusCode: response.status,
      headers: { ...fixedHeaders, 'x-request-id': requestId, ...response.headers },
      ...(response.body === undefined ? {} : { body: response.body }),
    };
  }

  const wrapped = middy(run, { timeoutEarlyInMillis: 0 }).use(tracing);
  return Object.assign((event: unknown, context: Context): Promise<HttpAnswer> => wrapped(event, context), {
    definition,
  });
}
