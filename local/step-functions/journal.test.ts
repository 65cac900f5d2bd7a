import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal, readJournal } from './journal.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'theseus-journal-'));
  file = join(directory, 'j.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('journal', () => {
  it('has a line as soon as it was appended, and goes on after reopening', async () => {
    const journal = openJournal(file, 'w', true);
    journal.append([{ a: 'ä\n' }, { b: 2 }]);
    expect(readJournal(file, false)).toEqual([{ a: 'ä\n' }, { b: 2 }]);
    await Promise.all([journal.durable(), journal.durable()]);
    journal.close();
    const again = openJournal(file, 'a', true);
    again.append([{ c: 3 }]);
    again.close();
    expect(readJournal(file, false).length).toBe(3);
    expect(() => again.append([{}])).toThrow('closed');
  });

  it('drops a last line that was cut off, in the file too when it is to be repaired', () => {
    writeFileSync(file, '{"a":1}\n{"b":2');
    expect(readJournal(file, false)).toEqual([{ a: 1 }]);
    expect(readJournal(file, true)).toEqual([{ a: 1 }]);
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}\n');
    appendFileSync(file, '\0\0\0\n');
    expect(readJournal(file, true)).toEqual([{ a: 1 }]);
  });

  it('refuses damage before the last line, naming file and line', () => {
    writeFileSync(file, '{"a":1}\nxx\n{"b":2}\n');
    expect(() => readJournal(file, true)).toThrow(/j\.jsonl, line 2: expected JSON/);
  });
});
