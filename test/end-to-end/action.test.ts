import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createDatabase } from '#local/postgres/shared.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

const root = join(import.meta.dirname, '..', '..');
const Step = z.strictObject({
  name: z.string(),
  if: z.string().optional(),
  shell: z.literal('bash'),
  env: z.record(z.string(), z.string()),
  run: z.string(),
});
const action = z
  .object({
    inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string().optional() })),
    runs: z.object({ using: z.literal('composite'), steps: z.array(Step) }),
  })
  .parse(parse(readFileSync(join(root, 'action.yml'), 'utf8')));

/** GitHub as far as the steps ask for it: comments in a file. */
const gh = `#!/usr/bin/env node
const fs = require('node:fs');
const args = process.argv.slice(2);
const file = process.env.COMMENTS;
const comments = JSON.parse(fs.readFileSync(file, 'utf8'));
const path = args.find((arg) => arg.startsWith('repos/'));
const method = args[args.indexOf('--method') + 1];
const body = () => fs.readFileSync(args.find((arg) => arg.startsWith('body=@')).slice(6), 'utf8');
const login = 'github-actions[bot]';
if (args.includes('PATCH')) comments.find(({ id }) => path.endsWith('/' + id)).body = body();
else if (args.includes('POST')) comments.push({ id: comments.length + 1, user: { login }, body: body() });
else if (path.endsWith('/pulls')) console.log(JSON.stringify([{ number: 7, merged_at: '2026-01-01' }]));
else console.log(JSON.stringify([comments]));
fs.writeFileSync(file, JSON.stringify(comments));
`;

const ran = (command: string, args: string[], options: { cwd: string; env: Record<string, string> }) =>
  new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn(command, args, { ...options, env: { ...process.env, ...options.env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.once('close', (code) => resolve({ code, output }));
  });

describe.skipIf(process.platform === 'win32')('the GitHub Action', () => {
  let platform: TestPlatform;
  const folder = mkdtempSync(join(tmpdir(), 'theseus-action-'));
  const [work, bin, comments] = [join(folder, 'work'), join(folder, 'bin'), join(folder, 'comments.json')];
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    const { code, output } = await ran('git', [...identity, ...args], { cwd: work, env: {} });
    if (code !== 0) throw new Error(output);
    return output.trim();
  };
  const commit = async (file: string, text: string) => {
    writeFileSync(join(work, 'migrations', file), text);
    await git('add', '-A');
    await git('commit', '-qm', file);
  };

  beforeAll(async () => {
    platform = await startPlatform();
    const url = await createDatabase('action');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(readFileSync(join(root, 'examples', 'shop.sql'), 'utf8'));
    await client.end();
    await platform.addDatabase('shop', url);
    mkdirSync(join(work, 'migrations'), { recursive: true });
    mkdirSync(bin);
    writeFileSync(join(bin, 'gh'), gh);
    chmodSync(join(bin, 'gh'), 0o755);
    writeFileSync(comments, '[]');
    await git('init', '-q');
    await commit('README.md', 'Migrations of the shop');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the steps of an event as a runner does; the output and exit code of each. */
  async function runAction(event: 'pull_request' | 'push', base: string, token = platform.as('olga').token) {
    const values: Record<string, string> = {
      'inputs.folder': 'migrations',
      'inputs.database': 'shop',
      'inputs.url': platform.as('olga').url,
      'inputs.token': token,
      'inputs.consents': '',
      'inputs.github-token': 'none',
      'inputs.author': action.inputs.author?.default ?? '',
      'github.action_path': root,
      'github.repository': 'ada/shop',
      'github.sha': await git('rev-parse', 'HEAD'),
      'github.event.pull_request.number': '7',
      'github.event.pull_request.base.sha || github.event.before': base,
    };
    const steps = [];
    let failed = false;
    for (const step of action.runs.steps) {
      if (step.if !== undefined && !step.if.includes(`'${event}'`)) continue;
      if (failed && !step.if?.includes('!cancelled()')) continue;
      const env = Object.fromEntries(
        Object.entries(step.env).map(([name, text]) => [
          name,
          text.replaceAll(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
            const value = values[expression];
            if (value === undefined) throw new Error(`${step.name}: ${expression} is unknown`);
            return value;
          }),
        ]),
      );
      const result = await ran('bash', ['-e', '-c', step.run], {
        cwd: work,
        env: { ...env, RUNNER_TEMP: folder, COMMENTS: comments, PATH: `${bin}:${process.env.PATH}` },
      });
      if (token !== '') expect(result.output).not.toContain(token);
      failed ||= result.code !== 0;
      steps.push({ name: step.name, ...result });
    }
    return { failed, output: steps.map(({ output }) => output).join('\n') };
  }
  const bodies = (): string[] =>
    JSON.parse(readFileSync(comments, 'utf8')).map(({ body }: { body: string }) => body);
  const migrations = async () => (await platform.request('GET', '/migrations')).body.items;

  it('takes what it is told through the environment only, so that no name becomes a command', () => {
    for (const { run } of action.runs.steps) expect(run).not.toContain('${{');
  });

  it('says in the pull request what a migration does, in one comment, and starts it with that plan', async () => {
    const base = await git('rev-parse', 'HEAD');
    await commit(
      "it's $(touch hacked) a rename.yaml",
      'operations: [{ rename_table: { from: items, to: parts } }]\n',
    );
    expect(await runAction('pull_request', base)).toMatchObject({ failed: false });
    expect(await migrations()).toEqual([]);
    expect(bodies()).toEqual([
      expect.stringMatching(/risk low, can be undone exactly(?:.|\n)*Plan `\w{64}`/),
    ]);
    expect(bodies()[0]).toContain('all phases, without soak and people');
    expect(existsSync(join(work, 'hacked'))).toBe(false);

    const fork = await runAction('pull_request', base, '');
    expect(fork).toMatchObject({ failed: false, output: expect.stringContaining('nothing is planned') });

    // Somebody else's word does not count.
    const planned = readFileSync(comments, 'utf8');
    writeFileSync(comments, planned.replace('github-actions[bot]', 'mallory'));
    expect(await runAction('push', base)).toMatchObject({
      failed: true,
      output: expect.stringContaining('was not planned in pull request 7'),
    });
    writeFileSync(comments, planned);
    expect(await runAction('push', base)).toMatchObject({ failed: false });
    const [started] = await migrations();
    expect(await platform.until(started.id, 'soaking')).toMatchObject({ createdBy: 'olga' });
    await platform.act(started.id, 'rollback');
    await platform.until(started.id, 'rolled_back');
  });

  it('refuses what gives no plan, blocks clients or was changed after it was read', async () => {
    const base = await git('rev-parse', 'HEAD');
    await commit('2.yaml', 'operations: [{ drop_table: { name: nothing } }]\n');
    expect(await runAction('pull_request', base)).toMatchObject({ failed: true });
    expect(bodies()).toEqual([expect.stringContaining('nothing')]);
    await commit('2.yaml', 'operations: [{ rename_table: { from: items, to: parts } }]\n');
    expect(await runAction('pull_request', base)).toMatchObject({ failed: false });
    await commit('2.yaml', 'operations: [{ rename_table: { from: items, to: pieces } }]\n');
    expect(await runAction('push', base)).toMatchObject({
      failed: true,
      output: expect.stringContaining('was not planned'),
    });
    await commit('3.sql', 'ALTER TABLE orders ALTER COLUMN amount TYPE bigint;\n');
    const linted = await runAction('pull_request', await git('rev-parse', 'HEAD~1'));
    expect(linted).toMatchObject({ failed: true, output: expect.stringContaining('::error file=') });
    expect(linted.output).not.toContain('MigrationFileInvalid');
  });
});
