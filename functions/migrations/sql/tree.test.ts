import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('the grammar is never optimised: that takes longer than parsing', () => {
  const program = `
    import { parseSql } from ${JSON.stringify(new URL('./tree.ts', import.meta.url).href)};
    for (let n = 0; n < 2000; n++) await parseSql('ALTER TABLE t ADD COLUMN a int; SELECT a + 1 FROM t WHERE b');
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--trace-wasm-compilation-times', '--input-type=module', '-e', program],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toBe('');
  expect(stdout).toContain('using Liftoff');
  expect(stdout).not.toContain('using TurboFan');
});
