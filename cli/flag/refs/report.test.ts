import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSource, sourceFiles } from './files.ts';
import { collector } from './report.ts';
import { scanner } from './scan.ts';

const folder = mkdtempSync(join(tmpdir(), 'refs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: string | Buffer): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}
write('src/app.ts', "client.getBooleanValue('new-chekout', false);\nconst other = 'old-banner';\n");
write('src/later.py', "client.get_string_value('theme', 'dark')\n");
write('src/ignored.ts', "'new-checkout'");
write('.gitignore', 'src/ignored.ts\nnode_modules\n');
write('node_modules/a/index.js', "'new-checkout'");
write('src/image.ts', Buffer.from([0x27, 0, 0x27]));
write('src/latin.ts', Buffer.from([0x27, 0xe5, 0x27]));
write('src/large.ts', ' '.repeat(1_000_001));
write('README.md', "'new-checkout'");

it('lists sources without what is ignored, with Git and without', async () => {
  const within = ['src/app.ts', 'src/image.ts', 'src/large.ts', 'src/later.py', 'src/latin.ts'];
  expect(await sourceFiles(folder)).toEqual([...within, 'src/ignored.ts'].sort());
  execFileSync('git', ['init', '-q', folder]);
  expect(await sourceFiles(folder)).toEqual(within);
  await expect(sourceFiles(join(folder, 'nowhere'))).rejects.toThrow('cannot be read');
});

it('reads texts only', async () => {
  expect(await readSource(join(folder, 'src/image.ts'))).toEqual({ skipped: 'binary' });
  expect(await readSource(join(folder, 'src/latin.ts'))).toEqual({ skipped: 'binary' });
  expect(await readSource(join(folder, 'src/large.ts'))).toEqual({ skipped: 'tooLarge' });
  expect(await readSource(join(folder, 'src/gone.ts'))).toEqual({ skipped: 'unreadable' });
});

it('tells what nobody names, what is not there, and what may go from the code', async () => {
  const known = [
    { key: 'new-checkout', settled: null },
    { key: 'old-banner', settled: 'on' },
    { key: 'unnamed', settled: 'off' },
  ];
  const scan = scanner(new Set(known.map(({ key }) => key)), []);
  const collected = collector();
  for (const file of ['src/app.ts', 'src/later.py']) {
    const found = await readSource(join(folder, file));
    collected.add(file, 'text' in found ? scan(found.text) : []);
  }
  expect(collected.report(known)).toMatchObject({
    files: 2,
    unreferenced: ['new-checkout', 'unnamed'],
    unknown: [
      {
        key: 'new-chekout',
        suggestion: 'new-checkout',
        references: 1,
        places: [{ file: 'src/app.ts', line: 1, column: 24 }],
      },
      { key: 'theme', suggestion: null },
    ],
    settled: [{ key: 'old-banner', variant: 'on', places: [{ file: 'src/app.ts', line: 2, column: 15 }] }],
  });
});
