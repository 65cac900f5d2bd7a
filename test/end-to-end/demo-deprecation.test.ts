import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const theseus = join(import.meta.dirname, '../../bin/theseus.js');
const folder = mkdtempSync(join(tmpdir(), 'theseus-demo-deprecation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('npm run demo:deprecation walks a deprecation through its life, and nobody sees what was not announced', async () => {
  const child = spawn(process.execPath, [theseus, 'demo', 'deprecation', '--once', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  const outcome = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '');
  expect(outcome.problems, said).toEqual([]);
  expect(code).toBe(0);
  expect(outcome).toMatchObject({
    status: 'completed',
    brownouts: ['interrupted', 'held', 'held'],
    // 180 of notice, 30 more by the extension, and the week in which it was paused.
    days: 217,
    registered: { derived: expect.any(Number), open: expect.any(Number) },
  });
  const consumers = new Map(outcome.consumers.map((one: { consumer: string }) => [one.consumer, one]));
  expect(consumers.get('mobile')).toMatchObject({
    moved: { why: 'its second reminder' },
    refused: { brownout: 0 },
  });
  expect(consumers.get('partner')).toMatchObject({ moved: { why: 'the second brownout' } });
  expect(consumers.get('legacy')).toMatchObject({ refused: { brownout: 0 }, moved: { why: 'the removal' } });
  expect(consumers.get('newcomer')).toMatchObject({ valid: { v1: 0 }, told: 0 });
  expect(consumers.get('web')).toMatchObject({ requests: { v1: 0 }, told: 0, moved: null });
  for (const line of [
    'Deprecation: @',
    'Sunset: ',
    '503 BrownedOut',
    '410 ApiVersionRemoved',
    'from 1.0.0 to 2.0.0',
  ])
    expect(said).toContain(line);
  const left = spawnSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' }).stdout;
  expect(left.split('\n').filter((line) => line.includes(folder))).toEqual([]);
}, 180_000);
