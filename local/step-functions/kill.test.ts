import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { executionArn } from './arns.ts';
import { engineIn, ITEMS, NAME } from './fixtures/killed.ts';
import { outcomeOf, readHistory, readLines } from './history.ts';

let directory: string;
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const calls = (): string[] => {
  const file = join(directory, 'calls.log');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const ended = (lines: string[], kind: string) =>
  lines.filter((line) => line.startsWith(`end ${kind}`)).length;

it('kill -9 in the middle of a Map, a map run and a Wait loses nothing', async () => {
  directory = mkdtempSync(join(tmpdir(), 'theseus-kill-'));
  const script = fileURLToPath(new URL('./fixtures/killed.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, signal) => resolve(signal)),
  );
  for (let tries = 0; tries < 3_000; tries += 1) {
    if (ended(calls(), 'inline') >= 3 && ended(calls(), 'apart') >= 3) break;
    await sleep(10);
  }
  child.kill('SIGKILL');
  expect(await exited).toBe('SIGKILL');
  const before = calls();
  expect(ended(before, 'inline')).toBeLessThan(ITEMS);
  expect(ended(before, 'apart')).toBeLessThan(ITEMS);

  const { engine, clock } = engineIn(directory, 0);
  await engine.start();
  const arn = executionArn('m', NAME);
  await engine.idle();
  expect(engine.execution(arn).status).toBe('RUNNING');
  await clock.advance(600_000);
  await engine.idle();
  expect(engine.execution(arn).status).toBe('SUCCEEDED');
  const squares = Array.from({ length: ITEMS }, (_, index) => index * index);
  const output = outcomeOf(readLines(engine.journalFile(arn), false))?.output ?? '';
  expect(JSON.parse(output)).toEqual([squares, squares, 'held']);

  // What was on record is not done again: only what was cut off, at most MaxConcurrency of each kind, plus an answer not yet written.
  const begun = calls().filter((line) => line.startsWith('begin')).length;
  expect(begun).toBeGreaterThanOrEqual(2 * ITEMS);
  expect(begun).toBeLessThanOrEqual(2 * ITEMS + 6);
  const ids = readHistory(engine.journalFile(arn)).map(({ id }) => id);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  await engine.stop();
});
