import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const theseus = join(import.meta.dirname, '../../bin/theseus.js');
const folder = mkdtempSync(join(tmpdir(), 'theseus-demo-deployment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runDemo(...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [theseus, 'demo', 'deployment', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

describe.concurrent('npm run demo:deployment', () => {
  it('brings a good version into use without a lost request, and takes a bad one back by its figures', async () => {
    const { code, said } = await runDemo('--once', '--json', '--visitors', '40');
    const outcome = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '');
    expect(outcome.problems, said).toEqual([]);
    expect(code).toBe(0);
    expect(outcome).toMatchObject({
      lost: {},
      otherErrors: 0,
      good: { status: 'completed' },
      bad: { status: 'rolled_back' },
    });
    expect(outcome.requests).toBeGreaterThan(1_500);
    expect(outcome.bad.errors).toBeGreaterThan(0);
    expect(outcome.bad.why.join()).toMatch(/error_rate|latency_p95/);
    expect(outcome.splits.length).toBeGreaterThan(1);
    const left = spawnSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' }).stdout;
    expect(left.split('\n').filter((line) => line.includes(folder))).toEqual([]);
  }, 220_000);

  it('refuses a crowd that it cannot show', async () => {
    const { code, said } = await runDemo('--visitors', 'many');
    expect(said).toContain('expected 20 to 1,000');
    expect(code).toBe(2);
  });
});
