import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedFlags } from './changed-flags.ts';
import { type Documents, take } from './documents.ts';
import { keptInFile } from './kept-documents.ts';

const flag = (variant: string, more: object = {}) => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: variant,
  ...more,
});
const nothing = { held: {}, set: undefined };

function documentsOf(flags: object, killSwitches: object, $evaluators: object = {}): Documents {
  const { held, refusals } = take(
    nothing,
    { documents: { flags: { flags, $evaluators }, killSwitches: { flags: killSwitches } } },
    ['flags', 'killSwitches'],
  );
  expect(refusals).toEqual([]);
  if (held.flags === undefined || held.killSwitches === undefined) throw new Error('Expected both');
  return { flags: held.flags, killSwitches: held.killSwitches };
}

describe('which flags changed', () => {
  it('are those that are new, gone, defined otherwise, killed or revived', () => {
    const rule = { targeting: { if: [{ $ref: 'pro' }, 'on', 'off'] } };
    const before = documentsOf(
      { same: flag('on'), gone: flag('on'), other: flag('on'), killed: flag('on'), rule: flag('on', rule) },
      { revived: flag('off') },
      { pro: { '==': [{ var: 'plan' }, 'pro'] } },
    );
    const after = documentsOf(
      { same: flag('on'), made: flag('on'), other: flag('off'), killed: flag('on'), rule: flag('on', rule) },
      { killed: flag('off') },
      { pro: { '==': [{ var: 'plan' }, 'team'] } },
    );
    expect(changedFlags(before, after)).toEqual(['gone', 'killed', 'made', 'other', 'revived', 'rule']);
  });

  it('are none between equal documents, and the same forth and back', () => {
    const flags = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.constantFrom('on', 'off').map((one) => flag(one)),
    );
    fc.assert(
      fc.property(flags, flags, flags, flags, (one, killed, other, killedThen) => {
        const [before, after] = [documentsOf(one, killed), documentsOf(other, killedThen)];
        expect(changedFlags(before, before)).toEqual([]);
        expect(changedFlags(before, after)).toEqual(changedFlags(after, before));
      }),
      { numRuns: 50 },
    );
  });
});

describe('documents that are taken', () => {
  it('keep the compiled form where nothing is new', () => {
    const first = take(nothing, { documents: { flags: { flags: { a: flag('on') } } } }, ['flags']);
    const next = take(first, {}, ['flags']);
    expect(next.set).toBe(first.set);
    expect(next.held).toBe(first.held);
    const same = take(first, { documents: { flags: { flags: { a: flag('on') } } }, revision: '2' }, [
      'flags',
    ]);
    expect(same.held).toBe(first.held);
  });

  it('say where they are wrong when they are refused', () => {
    const { refusals } = take(nothing, { documents: { flags: { flags: { a: flag('none') } } } }, ['flags']);
    expect(refusals).toEqual([
      { part: 'flags', message: expect.stringContaining('/flags/a/defaultVariant') },
    ]);
  });
});

describe('documents kept in a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'theseus-kept-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const what = (on: string) => ({
    documents: { flags: { flags: { a: flag(on) } } },
    revisions: { flags: on },
  });

  it('are there for the next process, and for nobody else', async () => {
    const path = join(folder, 'below', 'flags.json');
    expect(await keptInFile(path).load()).toBeUndefined();
    const kept = keptInFile(path);
    await Promise.all([kept.save(what('on')), kept.save(what('off'))]);
    expect(await keptInFile(path).load()).toEqual(what('off'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'below'))).toEqual(['flags.json']);
  });

  it('stay where newer ones cannot be written', async () => {
    const path = join(folder, 'flags.json');
    await keptInFile(path).save(what('on'));
    const text = await readFile(path, 'utf8');
    await expect(keptInFile(join(path, 'file.json')).save(what('off'))).rejects.toThrow();
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('are refused where the file is something else', async () => {
    const path = join(folder, 'flags.json');
    await writeFile(path, '{"version":2}');
    await expect(keptInFile(path).load()).rejects.toThrow();
  });
});
