import { isDeepStrictEqual } from 'node:util';
import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import { signatureHeaders } from '#platform/outbound/signature.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { GateRefused } from '../errors.ts';
import type { DeploymentRecord } from '../records.ts';
import type { Gate } from '../schemas.ts';
import { madeOf } from '../targets/registry.ts';
import { gateSecret } from './secret.ts';

const gateMs = 10_000;
const attempts = 3;

/** What a gate said. */
interface Said {
  yes: boolean;
  detail: string;
}

/** Asks one gate. Throws GateRefused with what it said, unless it said yes. */
export async function askGate(gate: Gate, record: DeploymentRecord, signal: AbortSignal): Promise<string> {
  let said: Said = { yes: false, detail: 'was not asked' };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    signal.throwIfAborted();
    try {
      said = await (gate.kind === 'webhook' ? askWebhook(gate, record) : askEndpoints(gate, record));
      break;
    } catch (error) {
      if (!(error instanceof TheseusError)) throw error;
      said = { yes: false, detail: error.message };
      if (!error.retryable) break;
      await clock.sleep(jitteredBackoff(attempt, 200, 2_000), signal);
    }
  }
  if (said.yes) return said.detail;
  throw new GateRefused(`The gate ${gate.name} says no: ${said.detail}`, {
    evidence: { gate: gate.name, kind: gate.kind, found: said.detail },
    action: 'Remove what it found, then deploy again.',
  });
}

async function askWebhook(
  { name, url }: Extract<Gate, { kind: 'webhook' }>,
  record: DeploymentRecord,
): Promise<Said> {
  const { id, service, request, green } = record;
  const body = JSON.stringify({
    type: 'deployment.gate',
    timestamp: clock.iso(),
    data: { deployment: id, gate: name, service, version: request.version, from: green?.blue ?? null },
  });
  // The same message however often it is sent: a receiver may answer from memory.
  const message = { id: `msg_${id}_${name}`, timestamp: Math.floor(clock.now() / 1_000), body };
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'theseus',
    ...signatureHeaders(message, [await gateSecret()]),
  };
  const { status, text } = await exchange({ method: 'POST', url, headers, body, timeoutMs: gateMs });
  return {
    yes: status >= 200 && status < 300,
    detail: [status, text.slice(0, 300)].filter((part) => part !== '').join(' '),
  };
}

async function askEndpoints(gate: Extract<Gate, { kind: 'http' }>, record: DeploymentRecord): Promise<Said> {
  const { actions, made } = madeOf(record);
  for (const endpoint of actions.endpoints?.(made) ?? []) {
    const url = endpoint.replace(/\/$/, '') + gate.path;
    const { status, text } = await exchange({
      method: gate.method,
      url,
      headers: {
        'user-agent': 'theseus',
        ...(gate.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(gate.body === undefined ? {} : { body: JSON.stringify(gate.body) }),
      timeoutMs: gateMs,
      reaches: { privateNetworks: process.env.THESEUS_PRIVATE_ENDPOINTS === 'allowed' },
      mostBytes: 65_536,
    });
    const problem = mismatch(gate, status, text);
    if (problem !== undefined) return { yes: false, detail: `${gate.method} ${url}: ${problem}` };
  }
  return { yes: true, detail: `${gate.status} from every endpoint` };
}

function mismatch(gate: Extract<Gate, { kind: 'http' }>, status: number, text: string): string | undefined {
  if (status !== gate.status) return `answered ${status}, expected ${gate.status}`;
  if (gate.pointer === undefined) return undefined;
  let found: unknown;
  try {
    found = atPointer(JSON.parse(text), gate.pointer);
  } catch {
    return 'its answer is no JSON';
  }
  if (found === undefined) return `its answer has nothing at ${gate.pointer}`;
  if (gate.equals === undefined || isDeepStrictEqual(found, gate.equals)) return undefined;
  return `${gate.pointer} is ${JSON.stringify(found).slice(0, 200)}, expected ${JSON.stringify(gate.equals)}`;
}

/** What stands at a JSON pointer (RFC 6901), or undefined. */
function atPointer(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (found, part) =>
        typeof found === 'object' && found !== null && Object.hasOwn(found, part)
          ? Object.entries(found).find(([name]) => name === part)?.[1]
          : undefined,
      value,
    );
}
