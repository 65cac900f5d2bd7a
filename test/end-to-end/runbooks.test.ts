import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import * as migrationErrors from '#migrations/errors.ts';
import { Phase } from '#migrations/schemas.ts';
import * as platformErrors from '#platform/errors.ts';
import { wholeProgram } from '../../cli/program.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'runbooks');
const pages = readdirSync(folder).map((file) => ({
  name: file.replace('.md', ''),
  text: readFileSync(join(folder, file), 'utf8'),
}));
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, block = '']) =>
    block.trim(),
  );

let client: pg.Client;
let program: Command;
beforeAll(async () => {
  program = await wholeProgram();
  const url = await createDatabase('runbooks');
  const engine = await openPostgres(url, { applicationName: 'theseus:test' });
  await engine.takeFence({ migration: 'mig_1', epoch: 1 }, { name: 'one', schema: 'public', phase: 'lock' });
  await engine.close();
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterAll(() => client.end());

describe('the runbooks', () => {
  it('are one for each phase', () => {
    const names = pages.map(({ name }) => name).filter((name) => name !== 'README' && name !== 'eject');
    expect(names.toSorted()).toEqual([...Phase.options].toSorted());
    const { text = '' } = pages.find(({ name }) => name === 'README') ?? {};
    expect(Phase.options.filter((phase) => !text.includes(`(${phase}.md)`))).toEqual([]);
  });

  it.each(pages)('$name: its commands, errors and links are there, and its SQL runs', async ({ text }) => {
    for (const line of blocks(text, 'sh').flatMap((block) => block.split('\n'))) {
      const [, noun, verb, rest = ''] = /^npx theseus (\w+) (\w+) ?(.*)$/.exec(line) ?? [];
      const command: Command | undefined = program.commands
        .find((one) => one.name() === noun)
        ?.commands.find((one) => one.name() === verb);
      const unknown = [...rest.matchAll(/--[\w-]+/g)]
        .map(([option]) => option)
        .filter((option) => !command?.options.some(({ long }) => long === option));
      expect({ line, known: command !== undefined, unknown }).toEqual({ line, known: true, unknown: [] });
    }
    const errors = [...text.matchAll(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, name = '']) => name);
    expect(errors.filter((name) => !(name in migrationErrors) && !(name in platformErrors))).toEqual([]);
    const links = [...text.matchAll(/\]\(([\w/.]+\.md)/g)].map(([, link = '']) => join(folder, link));
    for (const link of links) expect(readFileSync(link, 'utf8')).not.toBe('');
    for (const sql of blocks(text, 'sql')) await client.query(sql);
  });
});
