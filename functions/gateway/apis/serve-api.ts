import { clock } from '#platform/clock.ts';
import { DeprecatedForNewConsumers } from '../errors.ts';
import type { Answered, Failed } from '../serving/attempt.ts';
import { type HeaderFields, headerText } from '../serving/headers.ts';
import type { GatewayRequest, Respond } from '../serving/request.ts';
import { answerProblem } from '../serving/respond.ts';
import { decoded, type Taken } from './choice.ts';
import { anonymous, consumerOf } from './consumer.ts';
import { type RequestDocument, requestDocument } from './document.ts';
import { fieldsOf, hasField } from './fields.ts';
import { elementLifecycle, type Lifecycle, versionLifecycle, withLifecycle } from './lifecycle.ts';
import { parametersOf } from './parameters.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ReadyApi } from './ready-api.ts';
import type { ReadyVersion } from './ready-version.ts';
import { brownedOut, brownoutNow, refuseNew, refuseRemoved, refuseRemovedEndpoint } from './refusals.ts';
import type { ApiRoute, DeprecatedElement } from './schemas.ts';
import { type SeenAnswer, seenAnswer } from './seen-answer.ts';
import { successorAddress } from './successor.ts';
import type { UsageRecorder, Use } from './usage/recorder.ts';

/** To the service: the version whose documents it is given. To the client: the version of what it is answered. */
export const apiVersionHeader = 'x-api-version';
/** To the service: the version that the client speaks. */
export const requestedVersionHeader = 'x-api-requested-version';

/** What an API makes of the answer of its service. */
export type Through = (answered: Answered) => Promise<Answered | Failed>;
/** Sends a request on to the service and answers with what comes back. */
export type Forward = (
  request: GatewayRequest,
  rest: string,
  respond: Respond,
  through?: Through,
) => Promise<void>;

export interface Observers {
  limits: RateLimits;
  usage: UsageRecorder;
}

/** A browser asks before it sends: it names neither version nor consumer. */
const isPreflight = ({ method, headers }: GatewayRequest): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

/**
 * Answers a request to a service that has an API: finds its version and whose it is, refuses what is to be refused, and
 * says in the answer what goes away. Throws what comes before a version is known: ApiVersionUnknown, InvalidInput.
 */
export async function serveApi(
  api: ReadyApi,
  { request, rest }: { request: GatewayRequest; rest: string },
  { respond, limits, usage }: Observers & { respond: Respond },
  forward: Forward,
): Promise<void> {
  const sent = { path: rest, query: request.query, headers: request.headers };
  const taken = api.read(sent);
  if (isPreflight(request)) return forward({ ...request, query: taken.query }, taken.path, respond);
  const { route } = api;
  const consumer = consumerOf(request.consumer, request.headers, route.consumer.header);
  const version = api.versionOf(taken.named, consumer);
  const endpoint = version.endpointOf(request.method, taken.path);
  const use: Use = { api: route.api, version: version.version, consumer, endpoint, failed: false };
  const document = requestDocument(taken.headers, request.body);
  const looks = route.usage.fields && usage.looks(use, route.usage.sample);

  const { successor } = version.deprecation ?? {};
  const elsewhere = successor && successorAddress(route.choice, successor, sent, taken.path);
  const lifecycles = [versionLifecycle(version.deprecation, elsewhere)].filter((one) => one !== undefined);
  const answering: Respond = ({ status, headers }) => {
    use.failed = status >= 400;
    return respond({ status, headers: answerHeaders(headers, route, version, lifecycles) });
  };

  const release = api.hold();
  let seen: SeenAnswer | undefined;
  let counts = true;
  try {
    const asking = { api: route.api, version, consumer };
    refuseRemoved(asking);
    const brownout = brownoutNow(asking, clock.now());
    if (brownout !== undefined) {
      use.brownout = brownout.id;
      throw brownedOut(asking, brownout, clock.now());
    }
    const elements = await usedElements(version.elementsOf(endpoint), document, taken);
    lifecycles.push(...elements.map(elementLifecycle));
    refuseRemovedEndpoint(asking, elements);
    refuseNew(asking, elements);
    limits.admit(route.limits, use);
    if (version.validator.has(endpoint)) version.validator.check(endpoint, await document.value());
    const { path, ...raised } = await api.requestUp(version, endpoint, taken, document);
    const headers = { ...raised.headers, ...headersFor(route, version, consumer) };
    await forward({ ...request, ...raised, headers }, path, answering, async (answered) => {
      const lowered = await api.answerDown(version, endpoint, request.method, answered);
      if (lowered.kind === 'failed') return lowered;
      const own = spoken(lowered, taken);
      if (!looks || own.status >= 400) return own;
      seen = seenAnswer(own);
      return seen.answered;
    });
  } catch (error) {
    // Who is new to what goes away must not become known to it by asking.
    counts = !(error instanceof DeprecatedForNewConsumers);
    await answerProblem(error, {}, request, answering).catch(() => {}); // the response had begun: it stays unfinished
  } finally {
    release();
  }
  if (seen !== undefined)
    use.fields = { sent: await sentFields(document, taken), received: await seen.fields() };
  const reader = counts ? await api.operations(version) : undefined;
  if (reader !== undefined) {
    const body = await document.value().catch(() => null); // no JSON is no operation
    use.operations = reader.of(body, parametersOf(taken.query));
  }
  if (counts) usage.record(use);
}

/** What the service is told of a request. */
const headersFor = ({ consumer: { header } }: ApiRoute, version: ReadyVersion, consumer: string) => ({
  [apiVersionHeader]: version.changes.serves,
  [requestedVersionHeader]: version.version,
  ...(consumer === anonymous ? {} : { [header]: consumer }),
});

function answerHeaders(
  headers: HeaderFields,
  { choice, consumer, pins }: ApiRoute,
  version: ReadyVersion,
  lifecycles: readonly Lifecycle[],
): HeaderFields {
  const differsBy = [
    ...(choice.by === 'header' ? [choice.name] : choice.by === 'media-type' ? ['accept'] : []),
    ...(Object.keys(pins).length > 0 ? [consumer.header] : []),
  ];
  const own = headerText(headers, 'vary');
  const vary = [...(own === undefined ? [] : [own]), ...differsBy].join(', ');
  return {
    ...withLifecycle(headers, lifecycles, clock.now()),
    [apiVersionHeader]: version.version,
    ...(vary === '' || own === '*' ? {} : { vary }),
  };
}

/** The answer in the media type that the client speaks. */
function spoken(answered: Answered, { mediaType }: Taken): Answered {
  const type = headerText(answered.headers, 'content-type');
  if (mediaType === undefined || type === undefined) return answered;
  const named = type.replace(/^application\/json(?=\s*(?:;|$))/i, mediaType);
  return { ...answered, headers: { ...answered.headers, 'content-type': named } };
}

const namesIn = (query: string): string[] =>
  query === '' ? [] : query.split('&').map((pair) => decoded(pair.split('=', 1)[0] ?? ''));

/** What goes away and was used: the endpoint itself, and fields that the body or the query has. */
async function usedElements(
  elements: readonly DeprecatedElement[],
  document: RequestDocument,
  { query }: Taken,
): Promise<DeprecatedElement[]> {
  if (elements.length === 0) return [];
  const fields = elements.some(({ field }) => field !== undefined);
  // What cannot be read is the service's to refuse: it uses no field that is known here.
  const body = fields ? await document.value().catch(() => undefined) : undefined;
  const named = fields ? Object.fromEntries(namesIn(query).map((name) => [name, true])) : {};
  return elements.filter(
    ({ field }) => field === undefined || hasField(body, field) || hasField(named, field),
  );
}

/** The fields of the body and the names of the query; undefined when they could not be told. */
async function sentFields(
  document: RequestDocument,
  { query }: Taken,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const body = await document.value();
    const named = fieldsOf(Object.fromEntries(namesIn(query).map((name) => [name, true])));
    const fields = body === undefined ? new Set<string>() : fieldsOf(body);
    if (named === undefined || fields === undefined) return undefined;
    named.delete('');
    return new Set([...fields, ...named]);
  } catch {
    return undefined;
  }
}
