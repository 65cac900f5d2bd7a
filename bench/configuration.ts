import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { putDefinition, readDefinitions } from '#configuration/keys/definitions.ts';
import { type ConfigurationClient, createConfigurationClient } from '#configuration/reading/client.ts';
import { layersOf } from '#configuration/resolution/layers.ts';
import { resolveAll, resolveKey } from '#configuration/resolution/resolve.ts';
import { NewDefinition } from '#configuration/schemas.ts';
import { readLayers, writeValue } from '#configuration/values/store.ts';
import { configuration } from '#local/capabilities/configuration.ts';
import { services } from '#local/capabilities/services.ts';
import { startCloud } from '#local/cloud.ts';
import { machine, rounded, wholeNumbers } from './server.ts';

// What a configuration of many keys costs: a key read in the process, all of them resolved over HTTP, and how soon a
// service knows of a change. See docs/benchmarks.md for how to read it.

const { values: given } = parseArgs({
  options: {
    keys: { type: 'string', default: '2000' },
    requests: { type: 'string', default: '20' },
    changes: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const { keys, requests, changes } = wholeNumbers({
  keys: given.keys,
  requests: given.requests,
  changes: given.changes,
});

const namespace = 'bench';
const reader = { namespace, service: 'orders', environment: 'production' };
const layers = layersOf(reader);
const watched = 'limits.watched';
const names = Array.from({ length: keys }, (_, at) => (at === 0 ? watched : `limits.of-${at}`));
/** Writes that are under way at once. */
const atOnce = 16;

function spread(samples: readonly number[]) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  return { median: at(0.5), p95: at(0.95), most: at(1) };
}

async function forEachOf<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < all.length; from += atOnce)
    await Promise.all(all.slice(from, from + atOnce).map(work));
}

/** Every key in every layer of the reader, each with a definition. */
async function fill(): Promise<void> {
  const written = { expectedVersion: 0, updateId: 'upd_bench', by: 'bench', why: 'to be measured' };
  await forEachOf(names, (key) =>
    putDefinition(namespace, key, NewDefinition.parse({ schema: { type: 'integer' }, default: 0 }), 'bench'),
  );
  const values = names.flatMap((key) => layers.map((layer) => ({ ...layer, key })));
  await forEachOf(values, (identity) => writeValue(identity, { kind: 'plain', value: 1 }, written));
}

/** Nanoseconds of one call, the least of several rounds: what comes between only adds. */
function perCall(call: (at: number) => unknown): number {
  const [calls, rounds] = [200_000, 5];
  let kept: unknown;
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let at = 0; at < calls; at += 1) kept = call(at);
    return ((performance.now() - start) * 1e6) / calls;
  });
  if (kept === undefined) throw new Error('Nothing was measured');
  return rounded(Math.min(...times));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function inProcess(client: ConfigurationClient) {
  const [definitions, stored] = await Promise.all([readDefinitions(namespace), readLayers(reader)]);
  const byKey = stored.map((values) => new Map(values.map((value) => [value.key, value])));
  const defined = new Map(definitions.map((one) => [one.key, one]));
  const said = new Map(
    names.map((key) => [key, layers.map((layer, at) => ({ layer, value: byKey[at]?.get(key) }))]),
  );
  const nameAt = (at: number) => names[at % keys] ?? '';
  const all: number[] = [];
  for (let round = 0; round < requests; round += 1)
    all.push(await timed(async () => resolveAll(layers, stored, definitions)));
  return {
    read_one_ns: perCall((at) => client.getConfiguration(nameAt(at))),
    resolve_one_ns: perCall((at) =>
      resolveKey(nameAt(at), said.get(nameAt(at)) ?? [], defined.get(nameAt(at))),
    ),
    resolve_all_ms: spread(all),
    read_from_table_ms: spread(
      await samplesOf(() => Promise.all([readDefinitions(namespace), readLayers(reader)])),
    ),
  };
}

async function samplesOf(work: () => Promise<unknown>): Promise<number[]> {
  await work();
  const samples: number[] = [];
  for (let one = 0; one < requests; one += 1) samples.push(await timed(work));
  return samples;
}

async function overHttp(url: string, token: string) {
  const address = `${url}/configuration/resolved?${new URLSearchParams(reader)}`;
  let [bytes, tag] = [0, ''];
  const ask = async (status: number, headers: Record<string, string> = {}) => {
    const answer = await fetch(address, { headers: { authorization: `Bearer ${token}`, ...headers } });
    const text = await answer.text();
    if (answer.status !== status) throw new Error(`Expected ${status}, found ${answer.status}: ${text}`);
    if (status === 200) [bytes, tag] = [Buffer.byteLength(text), answer.headers.get('etag') ?? ''];
  };
  const whole = await samplesOf(() => ask(200));
  const unchanged = await samplesOf(() => ask(304, { 'if-none-match': tag }));
  return { resolved_ms: spread(whole), unchanged_ms: spread(unchanged), kilobytes: rounded(bytes / 1_000) };
}

/** From asking for an update to the callback, and from the moment that its value was stored. */
async function watching(client: ConfigurationClient, url: string, token: string) {
  const [whole, afterStored]: [number[], number[]] = [[], []];
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (let value = 2; value < changes + 2; value += 1) {
    const heard = new Promise<number>((resolve) => {
      const end = client.watch(watched, () => {
        end();
        resolve(Date.now());
      });
    });
    const start = Date.now();
    const changed = [{ key: { ...reader, key: watched }, value }];
    const body = JSON.stringify({ changes: changed, why: 'to be measured', health: { forSeconds: 0 } });
    const answer = await fetch(`${url}/configuration/updates`, { method: 'POST', headers, body });
    if (answer.status !== 202) throw new Error(`The update was refused: ${await answer.text()}`);
    const at = await heard;
    whole.push(at - start);
    afterStored.push(at - Date.parse((await readStored()) ?? ''));
  }
  return { from_asking: spread(whole), from_stored: spread(afterStored) };
}

async function readStored(): Promise<string | undefined> {
  const [mostSpecific] = await readLayers(reader);
  return mostSpecific?.find(({ key }) => key === watched)?.updatedAt;
}

process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
const directory = mkdtempSync(join(tmpdir(), 'theseus-bench-'));
const capabilities = [configuration, services].map((one) => ({ ...one, schedules: [] }));
const cloud = await startCloud({ directory, capabilities, port: 0, survives: 'process' });
try {
  console.error(`Writing ${keys} keys in ${layers.length} layers …`);
  await fill();
  console.error('Measuring …');
  const { url, token } = cloud;
  const client = await createConfigurationClient({ url, token, ...reader, firstMs: 60_000 });
  const inMemory = await inProcess(client);
  const http = await overHttp(url, token);
  const watch_ms = await watching(client, url, token);
  client.close();
  const summary = { keys, layers: layers.length, ...inMemory, ...http, watch_ms, machine };
  if (given.json) console.log(JSON.stringify(summary));
  else console.dir(summary, { depth: null });
} finally {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
}
