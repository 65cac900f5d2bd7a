import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyChanges, changesBetween, inverse } from './diff.ts';
import { describeDifference } from './report.ts';
import { type SchemaObject, type SchemaShape, shapeHash } from './shape.ts';

const name = fc.constantFrom('a', 'b', 'c');
const object: fc.Arbitrary<SchemaObject> = fc.oneof(
  fc.record({
    kind: fc.constant('table' as const),
    name,
    partition: fc.constant(null),
    foreign: fc.constant(false),
    rowSecurity: fc.constantFrom('off' as const, 'on' as const),
  }),
  fc.record({
    kind: fc.constantFrom('column' as const, 'kept_column' as const),
    table: name,
    name,
    type: fc.constantFrom('integer', 'bigint', 'text'),
    notNull: fc.boolean(),
    default: fc.constantFrom(null, '0'),
    identity: fc.constant(null),
    generated: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('constraint' as const),
    table: name,
    name,
    type: fc.constantFrom('unique' as const, 'check' as const),
    definition: fc.constantFrom('UNIQUE (a)', 'CHECK (a > 0)'),
  }),
  fc.record({ kind: fc.constant('enum' as const), name, values: fc.uniqueArray(name) }),
);
const shape: fc.Arbitrary<SchemaShape> = fc
  .uniqueArray(object, {
    selector: (one) => JSON.stringify([one.kind, 'table' in one ? one.table : null, one.name]),
  })
  .map((objects) => ({ schema: 'public', serverVersion: 180_004, objects }));

it('finds nothing between a shape and itself, in whatever order', () => {
  fc.assert(
    fc.property(shape, (a) => {
      const turned = { ...a, objects: [...a.objects].reverse() };
      expect(changesBetween(a, turned)).toEqual([]);
      expect(shapeHash(turned)).toBe(shapeHash(a));
      expect(describeDifference(a, turned)).toMatchObject({ compatible: true, changes: [], script: [] });
    }),
  );
});

it('leads from one shape to the other, and back', () => {
  fc.assert(
    fc.property(shape, shape, (a, b) => {
      const changes = changesBetween(a, b);
      const there = applyChanges(a, changes);
      expect(shapeHash(there)).toBe(shapeHash(b));
      expect(shapeHash(applyChanges(there, inverse(changes)))).toBe(shapeHash(a));
      expect(changes.length === 0).toBe(shapeHash(a) === shapeHash(b));
    }),
  );
});
