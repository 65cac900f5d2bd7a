import { createServer, type IncomingMessage } from 'node:http';
import { afterAll } from 'vitest';
import { z } from 'zod';
import { type WireField, wireFields } from '#platform/otlp/testing/wire.ts';

type Value = string | number | boolean | Value[];

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  start: string;
  end: string;
  failed: boolean;
  attributes: Record<string, Value>;
  events: string[];
}

export interface ReceivedPoint {
  name: string;
  unit: string;
  value: number;
  attributes: Record<string, Value>;
}

/** A collector of OpenTelemetry on loopback, which reads both forms and counts what comes. */
export interface Receiver {
  url: string;
  spans: ReceivedSpan[];
  points: ReceivedPoint[];
  /** Content types in the order of the requests. */
  types: (string | undefined)[];
  /** Status of the next answers. */
  status: number;
}

// What opentelemetry-proto says of JSON; numbers of fields on the wire are below.
const JsonValue = z.looseObject({
  stringValue: z.string().optional(),
  intValue: z.coerce.number().optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  arrayValue: z.object({ values: z.array(z.unknown()) }).optional(),
});
const JsonAttributes = z.array(z.object({ key: z.string(), value: JsonValue })).default([]);
const JsonSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().default(''),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: JsonAttributes,
  events: z.array(z.object({ name: z.string() })),
  status: z.object({ code: z.number().default(0) }),
});
const JsonTraces = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(JsonSpan) })) })),
});

function jsonValue(value: z.infer<typeof JsonValue>): Value {
  const { stringValue, intValue, doubleValue, boolValue, arrayValue } = value;
  if (arrayValue) return arrayValue.values.map((each) => jsonValue(JsonValue.parse(each)));
  return stringValue ?? intValue ?? doubleValue ?? boolValue ?? '';
}

const fromJson = (text: string): ReceivedSpan[] =>
  JsonTraces.parse(JSON.parse(text))
    .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map((span) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      name: span.name,
      start: span.startTimeUnixNano,
      end: span.endTimeUnixNano,
      failed: span.status.code === 2,
      attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, jsonValue(value)])),
      events: span.events.map(({ name }) => name),
    }));

const all = (bytes: Buffer, number: number): WireField[] =>
  wireFields(bytes).filter((field) => field.number === number);
const inside = (bytes: Buffer, ...path: number[]): Buffer[] =>
  path.reduce((found, number) => found.flatMap((each) => all(each, number).map((one) => one.bytes)), [bytes]);
const text = (bytes: Buffer, number: number): string => all(bytes, number)[0]?.bytes.toString('utf8') ?? '';
const hex = (bytes: Buffer, number: number): string => all(bytes, number)[0]?.bytes.toString('hex') ?? '';
const time = (bytes: Buffer, number: number): string =>
  String(all(bytes, number)[0]?.bytes.readBigUInt64LE() ?? '');

function wireValue(bytes: Buffer): Value {
  const [field] = wireFields(bytes);
  switch (field?.number) {
    case 1:
      return field.bytes.toString('utf8');
    case 2:
      return field.value === '1';
    case 3:
      return Number(field.value);
    case 4:
      return field.bytes.readDoubleLE();
    default:
      return inside(field?.bytes ?? Buffer.alloc(0), 1).map(wireValue);
  }
}

const wireAttributes = (bytes: Buffer, number: number): Record<string, Value> =>
  Object.fromEntries(
    inside(bytes, number).map((pair) => [text(pair, 1), wireValue(inside(pair, 2)[0] ?? Buffer.alloc(0))]),
  );

/** ExportTraceServiceRequest → ResourceSpans (1) → ScopeSpans (2) → Span (2). */
const fromWire = (body: Buffer): ReceivedSpan[] =>
  inside(body, 1, 2, 2).map((span) => ({
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    start: time(span, 7),
    end: time(span, 8),
    failed: inside(span, 15).some((status) => all(status, 3)[0]?.value === '2'),
    attributes: wireAttributes(span, 9),
    events: inside(span, 11).map((event) => text(event, 2)),
  }));

/** ExportMetricsServiceRequest → ResourceMetrics (1) → ScopeMetrics (2) → Metric (2) → Gauge (5) → NumberDataPoint (1). */
const pointsFromWire = (body: Buffer): ReceivedPoint[] =>
  inside(body, 1, 2, 2).flatMap((metric) =>
    inside(metric, 5, 1).map((point) => ({
      name: text(metric, 1),
      unit: text(metric, 3),
      value: all(point, 4)[0]?.bytes.readDoubleLE() ?? Number.NaN,
      attributes: wireAttributes(point, 7),
    })),
  );

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = { url: '', spans: [], points: [], types: [], status: 200 };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const type = request.headers['content-type'];
    receiver.types.push(type);
    if (receiver.status === 200) {
      if (request.url === '/v1/metrics') receiver.points.push(...pointsFromWire(body));
      else receiver.spans.push(...(type === 'application/json' ? fromJson(body.toString()) : fromWire(body)));
    }
    response.writeHead(receiver.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  receiver.url = `http://127.0.0.1:${address.port}`;
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  return receiver;
}
