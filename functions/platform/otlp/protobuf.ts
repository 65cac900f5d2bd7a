/** How a field stands on the wire. `hex` and `fixed64` are texts in OTLP's JSON: ids, and times in ns. */
type Scalar = 'string' | 'hex' | 'bool' | 'varint' | 'fixed64' | 'double';

interface Field {
  number: number;
  type: Scalar | (() => Message);
  many?: true;
}
/** Fields of a message by their names in JSON. */
type Message = Readonly<Record<string, Field>>;

const one = (number: number, type: Field['type']): Field => ({ number, type });
const many = (number: number, type: Field['type']): Field => ({ number, type, many: true });

// The part of OTLP 1.x that is sent here; numbers are those of opentelemetry-proto.
const arrayValue: Message = { values: many(1, () => anyValue) };
const anyValue: Message = {
  stringValue: one(1, 'string'),
  boolValue: one(2, 'bool'),
  intValue: one(3, 'varint'),
  doubleValue: one(4, 'double'),
  arrayValue: one(5, () => arrayValue),
};
const keyValue: Message = { key: one(1, 'string'), value: one(2, () => anyValue) };
const attributes = (number: number): Field => many(number, () => keyValue);
const resource: Message = { attributes: attributes(1) };
const scope: Message = { name: one(1, 'string'), version: one(2, 'string') };
const event: Message = {
  timeUnixNano: one(1, 'fixed64'),
  name: one(2, 'string'),
  attributes: attributes(3),
};
const link: Message = { traceId: one(1, 'hex'), spanId: one(2, 'hex'), attributes: attributes(4) };
const status: Message = { message: one(2, 'string'), code: one(3, 'varint') };
const span: Message = {
  traceId: one(1, 'hex'),
  spanId: one(2, 'hex'),
  parentSpanId: one(4, 'hex'),
  name: one(5, 'string'),
  kind: one(6, 'varint'),
  startTimeUnixNano: one(7, 'fixed64'),
  endTimeUnixNano: one(8, 'fixed64'),
  attributes: attributes(9),
  events: many(11, () => event),
  links: many(13, () => link),
  status: one(15, () => status),
};
const scopeSpans: Message = { scope: one(1, () => scope), spans: many(2, () => span) };
const resourceSpans: Message = { resource: one(1, () => resource), scopeSpans: many(2, () => scopeSpans) };
const point: Message = {
  startTimeUnixNano: one(2, 'fixed64'),
  timeUnixNano: one(3, 'fixed64'),
  asDouble: one(4, 'double'),
  attributes: attributes(7),
};
const gauge: Message = { dataPoints: many(1, () => point) };
const metric: Message = {
  name: one(1, 'string'),
  description: one(2, 'string'),
  unit: one(3, 'string'),
  gauge: one(5, () => gauge),
};
const scopeMetrics: Message = { scope: one(1, () => scope), metrics: many(2, () => metric) };
const resourceMetrics: Message = {
  resource: one(1, () => resource),
  scopeMetrics: many(2, () => scopeMetrics),
};

/** The request of each signal. */
const requests = {
  traces: { resourceSpans: many(1, () => resourceSpans) },
  metrics: { resourceMetrics: many(1, () => resourceMetrics) },
} satisfies Record<string, Message>;

const wireTypes: Record<Scalar, number> = { string: 2, hex: 2, bool: 0, varint: 0, fixed64: 1, double: 1 };

/** Seven bits a byte, the lowest first; negative numbers as 64 bits in two's complement. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const tag = (number: number, wireType: number): Buffer => varint(BigInt((number << 3) | wireType));
const counted = (bytes: Buffer): Buffer[] => [varint(BigInt(bytes.length)), bytes];

function scalar(type: Scalar, value: unknown): Buffer[] {
  const eight = Buffer.alloc(8);
  switch (type) {
    case 'string':
      return counted(Buffer.from(String(value), 'utf8'));
    case 'hex':
      return counted(Buffer.from(String(value), 'hex'));
    case 'bool':
      return [varint(value === true ? 1n : 0n)];
    case 'varint':
      return [varint(BigInt(String(value)))];
    case 'fixed64':
      eight.writeBigUInt64LE(BigInt(String(value)));
      return [eight];
    case 'double':
      eight.writeDoubleLE(Number(value));
      return [eight];
  }
}

function message(fields: Message, value: object): Buffer {
  const known = new Map(Object.entries(value));
  const parts = Object.entries(fields).flatMap(([name, { number, type, many: repeated }]) => {
    const found: unknown = known.get(name);
    if (found === undefined) return [];
    const values: unknown[] = repeated && Array.isArray(found) ? found : [found];
    return values.flatMap((each) =>
      typeof type === 'string'
        ? [tag(number, wireTypes[type]), ...scalar(type, each)]
        : [tag(number, 2), ...counted(message(type(), Object(each)))],
    );
  });
  return Buffer.concat(parts);
}

/** A request in OTLP's JSON form as Protocol Buffers: same names, same values, ids and times as bytes. */
export const encodeRequest = (signal: keyof typeof requests, request: object): Buffer =>
  message(requests[signal], request);
