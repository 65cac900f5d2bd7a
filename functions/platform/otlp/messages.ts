/** What a span, an event or a point says of itself. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** One piece of work with its beginning and its end, epoch ms. Ids are hex: 32 digits of a trace, 16 of a span. */
export interface SpanData {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  events: { name: string; atMs: number; attributes: Attributes }[];
  /** Other spans that this one followed from. */
  links: { traceId: string; spanId: string }[];
  /** Why it failed; null: it did not. */
  error: string | null;
}

/** One value of one metric at one moment, epoch ms. */
export interface PointData {
  name: string;
  unit: string;
  description: string;
  value: number;
  atMs: number;
  attributes: Attributes;
}

const scope = { name: 'theseus' };
const internal = 1;
const failed = 2;

const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;

function anyValueOf(value: string | number | boolean | readonly string[]): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value !== 'number') return { arrayValue: { values: value.map(anyValueOf) } };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

const attributesOf = (attributes: Attributes): object[] =>
  Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValueOf(value) }],
  );

/** OTLP's request for spans, in its JSON form. */
export function tracesRequest(resource: Attributes, spans: readonly SpanData[]): object {
  const all = spans.map(({ startMs, endMs, error, attributes, events, links, ...named }) => ({
    ...named,
    kind: internal,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: attributesOf(attributes),
    events: events.map(({ name, atMs, attributes: own }) => ({
      timeUnixNano: nanoseconds(atMs),
      name,
      attributes: attributesOf(own),
    })),
    links,
    status: error === null ? {} : { code: failed, message: error },
  }));
  return {
    resourceSpans: [
      { resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope, spans: all }] },
    ],
  };
}

/** OTLP's request for gauges, in its JSON form. */
export function metricsRequest(resource: Attributes, points: readonly PointData[]): object {
  const names = [...new Set(points.map(({ name }) => name))];
  const metrics = names.map((name) => {
    const own = points.filter((point) => point.name === name);
    return {
      name,
      description: own[0]?.description,
      unit: own[0]?.unit,
      gauge: {
        dataPoints: own.map(({ atMs, value, attributes }) => ({
          timeUnixNano: nanoseconds(atMs),
          asDouble: value,
          attributes: attributesOf(attributes),
        })),
      },
    };
  });
  return {
    resourceMetrics: [
      { resource: { attributes: attributesOf(resource) }, scopeMetrics: [{ scope, metrics }] },
    ],
  };
}
