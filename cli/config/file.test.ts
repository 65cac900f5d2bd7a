import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameOf } from '#configuration/resolution/layers.ts';
import type { ValueView } from '#configuration/values/views.ts';
import { fileOf, missingOf, ValuesFile } from './file.ts';

const name = fc.constantFrom('a', 'b', 'toString');
const layer = fc.record(
  { service: name, environment: fc.constantFrom('dev', 'live'), tenant: name },
  { requiredKeys: [] },
);
const value = fc.record({
  layer: layer.filter((one) => one.service !== 'toString'),
  key: fc.constantFrom('k', 'limits.max', 'toString'),
  value: fc.jsonValue({ maxDepth: 2 }).filter((one) => !JSON.stringify(one).includes('__proto__')),
});

const viewOf = ({
  layer: place,
  key,
  value: held,
}: {
  layer: object;
  key: string;
  value: unknown;
}): ValueView => ({
  namespace: 'shop',
  key,
  ...place,
  secret: false,
  value: held as never,
  deleted: false,
  version: 1,
  createdAt: '',
  updatedAt: '',
  updatedBy: '',
  why: '',
  update: '',
  tags: [],
});

it('what is exported and imported again changes nothing, and all of it is missing elsewhere', () => {
  fc.assert(
    fc.property(fc.uniqueArray(value, { selector: (one) => nameOf(viewOf(one)) }), (values) => {
      const stored = values.map(viewOf);
      const file = ValuesFile.parse(JSON.parse(JSON.stringify(fileOf('shop', stored))));
      const wanted = file.layers.flatMap(({ values: inside, ...place }) =>
        Object.entries(inside).map(([key, held]) => ({
          key: { namespace: 'shop', key, ...place },
          value: held,
        })),
      );
      expect(wanted).toHaveLength(stored.length);
      expect(missingOf(wanted, stored)).toEqual([]);
      expect(missingOf(wanted, [])).toEqual(wanted);
    }),
  );
});

it('leaves secrets out, and says where a file is wrong', () => {
  const secret = { ...viewOf({ layer: {}, key: 'k', value: 1 }), secret: true };
  expect(fileOf('shop', [secret])).toEqual({ namespace: 'shop', layers: [] });
  const wrong = ValuesFile.safeParse({ namespace: 'shop', layers: [{ values: {} }, { values: { ö: 1 } }] });
  expect(wrong.error?.issues.map(({ path }) => path.join('/'))).toEqual(['layers/1/values/ö']);
  const twice = ValuesFile.safeParse({ namespace: 'shop', layers: [{ values: {} }, { values: {} }] });
  expect(twice.error?.issues[0]?.message).toContain('each layer once');
});
