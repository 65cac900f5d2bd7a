import { expect, it } from 'vitest';
import { apiRoute } from './testing/api-route.ts';
import { versionsOf } from './versions.ts';

const versions = [
  { version: '1.10.0' },
  { version: '1.9.0' },
  { version: '1.10.1', status: 'removed' as const },
  { version: '2.0.0-rc.1' },
  { version: '0.9.0', status: 'removed' as const },
];

it('are found by their names, by their line, by a pin, or as the default', () => {
  const found = versionsOf(
    apiRoute({ versions, default: '1.9.0', latest: '1.10.0', pins: { shop: '1.10.0' } }),
  );
  expect(found.all.map(({ version }) => version)).toEqual([
    '0.9.0',
    '1.9.0',
    '1.10.0',
    '1.10.1',
    '2.0.0-rc.1',
  ]);
  expect(found.of('1.10.1', 'ada').version).toBe('1.10.1');
  expect(found.of('1', 'ada').version).toBe('1.10.0');
  expect(found.of('1.9', 'ada').version).toBe('1.9.0');
  expect(found.of('0', 'ada').version).toBe('0.9.0');
  expect(found.of(undefined, 'shop').version).toBe('1.10.0');
  expect(found.of('1.9.0', 'shop').version).toBe('1.9.0');
  expect(found.of(undefined, 'constructor').version).toBe('1.9.0');
});

it('name those that are served when there is none of a name', () => {
  const found = versionsOf(apiRoute({ versions, default: '1.9.0', latest: '1.10.0' }));
  for (const name of ['3', '1.10.2', 'latest', '__proto__', '2', '1.', 'v1'])
    expect(() => found.of(name, 'ada')).toThrow(`no version '${name}'`);
  expect(() => found.of('3', 'ada')).toThrow(
    expect.objectContaining({
      evidence: expect.objectContaining({ versions: ['1.9.0', '1.10.0', '2.0.0-rc.1'] }),
    }),
  );
});

it('may be dates', () => {
  const dated = [{ version: '2026-03-01' }, { version: '2025-11-15' }];
  const found = versionsOf(apiRoute({ versions: dated, default: '2025-11-15' }));
  expect(found.all.map(({ version }) => version)).toEqual(['2025-11-15', '2026-03-01']);
  expect(() => found.of('2026', 'ada')).toThrow("no version '2026'");
});
