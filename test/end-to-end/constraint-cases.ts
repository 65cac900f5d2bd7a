import type { Case } from './case.ts';

const stays = `
  CREATE TABLE rooms (house int, number int, PRIMARY KEY (house, number));
  CREATE TABLE stays (id int PRIMARY KEY, house int, number int, guest text, nights int NOT NULL DEFAULT 1);
  INSERT INTO rooms SELECT h, n FROM generate_series(1, 3) h, generate_series(1, 3) n;
  INSERT INTO stays SELECT g, g % 3 + 1, g % 3 + 1, 'g' || g, g FROM generate_series(1, 4) g;`;
const create = (body: Record<string, unknown>) => ({
  create_constraint: { table: 'stays', up: {}, down: {}, ...body },
});
const nights = 'SELECT id, nights FROM stays ORDER BY id';

/** The operations on constraints: what new clients are held to, and what old ones go on doing. */
export const constraintCases: Case[] = [
  {
    name: 'create_constraint: check over two columns, one of them doubled',
    setup: stays,
    operations: [
      create({
        name: 'short_or_known',
        type: 'check',
        columns: ['nights', 'guest'],
        check: 'nights <= 3 OR guest IS NOT NULL',
        up: { nights: 'CASE WHEN guest IS NULL THEN least(nights, 3) ELSE nights END' },
        down: { nights: 'nights' },
      }),
    ],
    writes: [
      ['old', 'INSERT INTO stays VALUES (9, 1, 1, NULL, 50)'],
      ['new', "INSERT INTO stays VALUES (10, 1, 1, 'new', 50)"],
    ],
    refuses: [['new', 'INSERT INTO stays VALUES (11, 1, 1, NULL, 50)', /short_or_known/]],
    sees: {
      old: [
        'SELECT id, nights FROM stays WHERE id > 4 ORDER BY id',
        [
          [9, 50],
          [10, 50],
        ],
      ],
      new: [
        'SELECT id, nights FROM stays WHERE id > 4 ORDER BY id',
        [
          [9, 3],
          [10, 50],
        ],
      ],
    },
    refusesAfterContract: [['new', 'UPDATE stays SET guest = NULL WHERE id = 10', /short_or_known/]],
    plain: `UPDATE stays SET nights = 3 WHERE guest IS NULL AND nights > 3;
      ALTER TABLE stays ADD CONSTRAINT short_or_known CHECK (nights <= 3 OR guest IS NOT NULL);
      ALTER TABLE stays ALTER nights SET DEFAULT 1`,
  },
  {
    name: 'create_constraint: unique and foreign key over two columns each, in place',
    setup: stays,
    operations: [
      create({ name: 'one_guest', type: 'unique', columns: ['house', 'guest'] }),
      create({
        name: 'in_room',
        type: 'foreign_key',
        columns: ['house', 'number'],
        references: { table: 'rooms', columns: ['house', 'number'], on_delete: 'CASCADE' },
      }),
    ],
    writes: [
      ['old', "INSERT INTO stays VALUES (9, 1, 2, 'old', 1)"],
      ['new', "INSERT INTO stays VALUES (10, 3, 3, 'new', 1)"],
    ],
    sees: { new: ['SELECT id FROM stays WHERE id > 4 ORDER BY id', [[9], [10]]] },
    refusesAfterContract: [
      ['new', "INSERT INTO stays VALUES (11, 1, 1, 'old', 1)", /one_guest/],
      ['old', "INSERT INTO stays VALUES (11, 9, 9, 'x', 1)", /in_room/],
    ],
    plain: `ALTER TABLE stays ADD CONSTRAINT one_guest UNIQUE (house, guest);
      ALTER TABLE stays ADD CONSTRAINT in_room FOREIGN KEY (house, number) REFERENCES rooms (house, number) ON DELETE CASCADE`,
  },
  {
    name: 'create_constraint: primary key of a table that has none',
    setup: 'CREATE TABLE bare (a int, b text); INSERT INTO bare VALUES (1, $$x$$), (2, $$y$$);',
    operations: [
      {
        create_constraint: {
          table: 'bare',
          name: 'bare_key',
          type: 'primary_key',
          columns: ['a'],
          up: {},
          down: {},
        },
      },
    ],
    writes: [['old', "INSERT INTO bare VALUES (3, 'old')"]],
    sees: { new: ['SELECT a FROM bare ORDER BY a', [[1], [2], [3]]] },
    refusesAfterContract: [['old', "INSERT INTO bare VALUES (3, 'again')", /bare_key/]],
    plain: 'ALTER TABLE bare ADD CONSTRAINT bare_key PRIMARY KEY (a)',
  },
  {
    name: 'drop_constraint: a check that old clients keep',
    setup: `${stays} ALTER TABLE stays ADD CONSTRAINT some_nights CHECK (nights > 0);`,
    operations: [
      { drop_constraint: { table: 'stays', name: 'some_nights', up: 'nights', down: 'greatest(nights, 1)' } },
    ],
    writes: [
      ['new', 'UPDATE stays SET nights = 0 WHERE id = 1'],
      ['old', 'UPDATE stays SET nights = 7 WHERE id = 2'],
    ],
    refuses: [['old', 'UPDATE stays SET nights = 0 WHERE id = 3', /some_nights/]],
    sees: {
      old: [
        nights,
        [
          [1, 1],
          [2, 7],
          [3, 3],
          [4, 4],
        ],
      ],
      new: [
        nights,
        [
          [1, 0],
          [2, 7],
          [3, 3],
          [4, 4],
        ],
      ],
    },
    afterContract: [['old', 'UPDATE stays SET nights = nights WHERE id = 3']],
    plain: 'ALTER TABLE stays DROP CONSTRAINT some_nights',
  },
  {
    name: 'drop_multicolumn_constraint: unique, with what else stands on its columns',
    setup: `${stays} ALTER TABLE stays ADD CONSTRAINT one_guest UNIQUE (house, guest); CREATE INDEX by_guest ON stays (lower(guest));`,
    operations: [
      {
        drop_multicolumn_constraint: {
          table: 'stays',
          name: 'one_guest',
          up: { guest: 'guest' },
          down: { house: 'house', guest: "guest || ' ' || id" },
        },
      },
    ],
    writes: [
      ['new', "INSERT INTO stays VALUES (9, 2, 2, 'g1', 1)"],
      ['old', "INSERT INTO stays VALUES (10, 3, 3, 'old', 1)"],
    ],
    refuses: [['old', "INSERT INTO stays VALUES (11, 3, 3, 'old', 1)", /one_guest/]],
    sees: {
      old: [
        'SELECT id, guest FROM stays WHERE id > 4 ORDER BY id',
        [
          [9, 'g1 9'],
          [10, 'old'],
        ],
      ],
      new: [
        'SELECT id, guest FROM stays WHERE id > 4 ORDER BY id',
        [
          [9, 'g1'],
          [10, 'old'],
        ],
      ],
    },
    plain: 'ALTER TABLE stays DROP CONSTRAINT one_guest',
  },
  {
    name: 'rename_constraint, and set_replica_identity',
    setup: `${stays} ALTER TABLE stays ADD CONSTRAINT some_nights CHECK (nights > 0);
      CREATE UNIQUE INDEX stays_by_id ON stays (id);`,
    operations: [
      { rename_constraint: { table: 'stays', from: 'some_nights', to: 'at least one' } },
      { set_replica_identity: { table: 'stays', identity: { type: 'index', index: 'stays_by_id' } } },
    ],
    writes: [['old', 'UPDATE stays SET nights = 2 WHERE id = 1']],
    refuses: [['new', 'UPDATE stays SET nights = 0 WHERE id = 1', /some_nights/]],
    sees: { new: ['SELECT nights FROM stays WHERE id = 1', [[2]]] },
    plain: `ALTER TABLE stays RENAME CONSTRAINT some_nights TO "at least one";
      ALTER TABLE stays REPLICA IDENTITY USING INDEX stays_by_id`,
  },
];
