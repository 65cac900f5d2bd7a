import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const theseus = join(import.meta.dirname, '../../bin/theseus.js');
const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'theseus-demo-'));
  folders.push(folder);
  return folder;
}

/** Where the demo of a folder keeps its database: for root it may be elsewhere. */
function databaseOf(folder: string): string {
  const postgres = join(folder, '.theseus/demo/postgres');
  const note = join(postgres, 'data-is-in');
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : postgres;
}

/** Command lines of processes that belong to the demo of a folder. */
function processesOf(folder: string): string[] {
  const listed = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' }).stdout;
  return listed.split('\n').filter((line) => line.includes(folder) || line.includes(databaseOf(folder)));
}

interface Demo {
  child: ChildProcess;
  /** Exit code, and everything it said. */
  ended: Promise<{ code: number | null; said: string }>;
  /** Resolves when it has said that. */
  says(text: string): Promise<void>;
}

function startDemo(folder: string, ...args: string[]): Demo {
  const child = spawn(process.execPath, [theseus, 'demo', '--rows', '1000', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
      for (const listener of heard) listener();
    });
  }
  return {
    child,
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, said }))),
    says: (text) =>
      new Promise((resolve, reject) => {
        const listen = () => said.includes(text) && resolve();
        heard.add(listen);
        listen();
        child.once('close', () => reject(new Error(`It never said '${text}':\n${said}`)));
      }),
  };
}

afterAll(() => {
  for (const folder of folders) {
    for (const path of [databaseOf(folder), folder]) rmSync(path, { recursive: true, force: true });
  }
});

describe.concurrent('npm start', () => {
  it('migrates under traffic, checks, undoes, reports, and leaves no process behind', async () => {
    const folder = newFolder();
    const demo = startDemo(folder, '--once');
    await demo.says('Migrating');

    const second = await startDemo(folder, '--once').ended;
    expect(second.said).toMatch(/A demo runs in .* already: process \d+/);
    expect(second.code).toBe(3);

    const { code, said } = await demo.ended;
    expect(said).toMatch(/failed requests {6}0 of/);
    expect(said).toMatch(/checked by the model 0 wrong of/);
    expect(said.match(/✓ .* rows read, 0 wrong/g)).toHaveLength(3);
    expect(code).toBe(0);
    expect(processesOf(folder)).toEqual([]);

    const report = readFileSync(join(folder, 'report.html'), 'utf8');
    expect(report).toContain('<svg');
    expect(report).not.toMatch(/\b(src|href)=|@import|url\(/);
  }, 170_000);

  it('ends whole when it is broken off, and starts again', async () => {
    const folder = newFolder();
    for (const moment of ['Starting', 'Migrating']) {
      const demo = startDemo(folder);
      await demo.says(moment);
      demo.child.kill('SIGINT');
      const { code, said } = await demo.ended;
      expect(said, said).not.toMatch(/defect|Error/);
      expect(code).toBe(130);
      expect(processesOf(folder)).toEqual([]);
    }
  }, 100_000);

  it('refuses a size that it cannot show', async () => {
    const { code, said } = await startDemo(newFolder(), '--rows', 'many').ended;
    expect(said).toContain('expected 1,000 to 10,000,000');
    expect(code).toBe(2);
  });
});
