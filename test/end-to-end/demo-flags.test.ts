import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const theseus = join(import.meta.dirname, '../../bin/theseus.js');
/** Where the processes come from that play. */
const actors = join(import.meta.dirname, '../../demo/flags/');
const folder = mkdtempSync(join(tmpdir(), 'theseus-demo-flags-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('npm run demo:flags rolls a flag out, takes a bad value back, kills the flag, and tells what the users saw', async () => {
  const child = spawn(process.execPath, [theseus, 'demo', 'flags', '--once', '--json'], {
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
  const ms = expect.any(Number);
  const seen = {
    inForce: ms,
    effect: { first: ms, everywhere: ms, lastWithout: ms },
    kept: expect.any(Boolean),
  };
  expect(outcome).toMatchObject({
    lost: 0,
    otherFailures: 0,
    rollout: {
      status: 'completed',
      steps: [10, 50, 100].map((percentage) => ({ percentage, taken: ms, split: ms })),
    },
    good: { status: 'completed', ...seen },
    bad: { status: 'rolled_back', foundAfter: ms, restoredAfter: ms, goneAfter: ms },
    kill: seen,
  });
  expect(outcome.rollout.steps.at(-1)).toMatchObject({ users: 300, withIt: 300, ...seen });
  expect(outcome.requests).toBeGreaterThan(1_500);
  expect(outcome.bad.failed).toBeGreaterThan(0);
  expect(outcome.bad.why).toContain('/health 503');
  const left = spawnSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' }).stdout;
  expect(left.split('\n').filter((line) => line.includes(folder) || line.includes(actors))).toEqual([]);
}, 180_000);
