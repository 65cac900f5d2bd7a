import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { inTransaction, type Session } from '../connection.ts';
import { addGroups, removeGroups } from './apply.ts';
import { chain, client, createShop, customers, splitName } from './shop.ts';

// What three generations of clients should see of each other's writes, said without triggers or SQL.

interface Person {
  name: string | null;
  first: string | null;
  last: string | null;
  loud: string | null;
}

const firstOf = (name: string) => name.split(' ')[0] ?? '';
const restOf = (name: string) => name.split(' ').slice(1).join(' ');
const full = (first: string | null, last: string | null) =>
  first === null || last === null ? null : `${first} ${last}`;
const shout = (text: string | null) => text?.toUpperCase() ?? null;
const capital = (text: string | null) =>
  text === null
    ? null
    : text
        .toLowerCase()
        .replaceAll(/(^|[^a-z0-9])([a-z])/g, (_, before, letter) => before + letter.toUpperCase());

function writtenByFirst(before: Person, name: string | null): Person {
  if (name === before.name) return before;
  const first = name === null ? null : firstOf(name);
  return {
    name,
    first,
    last: name === null ? null : restOf(name),
    loud: first === before.first ? before.loud : shout(first),
  };
}

function writtenBySecond(before: Person, write: { first?: string | null; last?: string | null }): Person {
  const after = { ...before, ...write };
  if (after.first !== before.first) after.loud = shout(after.first);
  if (after.first !== before.first || after.last !== before.last) after.name = full(after.first, after.last);
  return after;
}

function writtenByThird(before: Person, write: { loud?: string | null; last?: string | null }): Person {
  const after = { ...before, ...write };
  if (after.loud !== before.loud) after.first = capital(after.loud);
  if (after.first !== before.first || after.last !== before.last) after.name = full(after.first, after.last);
  return after;
}

const word = fc.option(fc.stringMatching(/^[a-zA-Z]{0,4}( [a-zA-Z]{0,3}){0,2}$/), { nil: null, freq: 8 });
const id = fc.integer({ min: 1, max: 4 });
const qualified = fc.boolean();
const change = fc
  .record({ a: word, b: word }, { requiredKeys: [] })
  .filter((write) => 'a' in write || 'b' in write);
const command = fc.oneof(
  fc.record({
    kind: fc.constant('insert' as const),
    version: fc.constantFrom(1, 2, 3),
    a: word,
    b: word,
    qualified,
  }),
  fc.record({
    kind: fc.constant('update' as const),
    version: fc.constantFrom(1, 2, 3),
    id,
    change,
    qualified,
  }),
  fc.record({ kind: fc.constant('everyone' as const), version: fc.constantFrom(2, 3), b: word }),
  fc.record({ kind: fc.constant('copy' as const), version: fc.constantFrom(2, 3), id }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

let session: Session;
let clients: { pathed: pg.Client[]; plain: pg.Client };

beforeAll(async () => {
  const url = await createDatabase('model');
  session = await createShop(url, false);
  // Nullable, so that what a NOT NULL column tells about its writer does not help.
  await inTransaction(session, async () => {
    await removeGroups(session, [{ table: customers, group: 'g1' }]);
    await session.query('ALTER TABLE public.customers ALTER name DROP NOT NULL');
    await addGroups(session, [{ table: customers, group: splitName }]);
  });
  await chain(session);
  clients = {
    pathed: [
      await client(url, 'public'),
      await client(url, 'public_v2, public'),
      await client(url, 'public_v3, public'),
    ],
    plain: await client(url, 'public'),
  };
});

afterAll(async () => {
  await Promise.all([...clients.pathed, clients.plain].map((each) => each.end()));
  await session.close();
});

const columnsOf = [['name'], ['first_name', 'last_name'], ['first_name', 'last_name']];
const schemaOf = ['public', 'public_v2', 'public_v3'];

function through(version: number, named: boolean): { connection: pg.Client; table: string } {
  const connection = named ? clients.plain : (clients.pathed[version - 1] ?? clients.plain);
  return { connection, table: named ? `${schemaOf[version - 1]}.customers` : 'customers' };
}

const nobody: Person = { name: null, first: null, last: null, loud: null };

function written(version: number, before: Person, write: { a?: string | null; b?: string | null }): Person {
  if (version === 1) return 'a' in write ? writtenByFirst(before, write.a ?? null) : before;
  const last = 'b' in write ? { last: write.b ?? null } : {};
  if (version === 2)
    return writtenBySecond(before, { ...('a' in write ? { first: write.a ?? null } : {}), ...last });
  return writtenByThird(before, { ...('a' in write ? { loud: write.a ?? null } : {}), ...last });
}

async function run(step: Command, model: Map<number, Person>): Promise<void> {
  const columns = columnsOf[step.version - 1] ?? [];
  switch (step.kind) {
    case 'insert': {
      const nothing = step.a === null && (step.version === 1 || step.b === null);
      const { connection, table } = through(step.version, step.qualified && !nothing);
      const next = model.size + 1;
      const values = [step.a, step.b].slice(0, columns.length);
      await connection.query(
        `INSERT INTO ${table} (id, ${columns.join(', ')}) VALUES (${[next, ...values.map((_, at) => `$${at + 1}`)].join(', ')})`,
        values,
      );
      model.set(next, written(step.version, nobody, step));
      return;
    }
    case 'update': {
      const before = model.get(step.id);
      const write = step.version === 1 ? { a: step.change.a ?? null } : step.change;
      const { connection, table } = through(step.version, step.qualified);
      const sets = Object.keys(write).map((key, at) => `${columns[key === 'a' ? 0 : 1]} = $${at + 1}`);
      await connection.query(
        `UPDATE ${table} SET ${sets.join(', ')} WHERE id = ${step.id}`,
        Object.values(write),
      );
      if (before !== undefined) model.set(step.id, written(step.version, before, write));
      return;
    }
    case 'everyone': {
      const { connection, table } = through(step.version, false);
      await connection.query(`UPDATE ${table} SET last_name = $1`, [step.b]);
      for (const [key, before] of model) model.set(key, written(step.version, before, { b: step.b }));
      return;
    }
    case 'copy': {
      const { connection, table } = through(step.version, false);
      await connection.query(`UPDATE ${table} SET last_name = first_name WHERE id = $1`, [step.id]);
      const before = model.get(step.id);
      if (before !== undefined)
        model.set(
          step.id,
          written(step.version, before, { b: step.version === 2 ? before.first : before.loud }),
        );
      return;
    }
  }
}

describe('random writes of three versions', () => {
  it('give what the model says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 12 }), async (commands) => {
        await session.query('TRUNCATE public.customers');
        const model = new Map<number, Person>();
        for (const step of commands) await run(step, model);
        const { rows } = await session.query<{ id: string } & Person>(
          'SELECT id, name, first_name AS first, last_name AS last, _theseus_loud AS loud FROM public.customers ORDER BY id',
        );
        expect(rows.map(({ id: key, ...person }) => [Number(key), person])).toEqual([...model]);
      }),
      { numRuns: 150 },
    );
  }, 30_000);
});
