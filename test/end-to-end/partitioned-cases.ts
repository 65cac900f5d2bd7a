import type { Case } from './case.ts';

/** A table in partitions, through the whole platform. */
export const partitionedCases: Case[] = [
  {
    name: 'a partitioned table: alter_column with its check, create_index, add_column, create_constraint',
    setup: `
      CREATE TABLE people (id int PRIMARY KEY); INSERT INTO people VALUES (1), (2);
      CREATE TABLE events (id int, at date NOT NULL, who int, size int DEFAULT 1 CONSTRAINT sized CHECK (size > 0), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE TABLE events_25 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
      CREATE TABLE events_26 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      INSERT INTO events SELECT g, DATE '2025-12-29' + g, 1, g FROM generate_series(1, 4) g;`,
    operations: [
      {
        alter_column: {
          table: 'events',
          column: 'size',
          type: 'bigint',
          up: 'size',
          down: 'least(size, 1000)::int',
        },
      },
      { create_index: { name: 'by_at', table: 'events', columns: [{ column: 'at' }] } },
      {
        add_column: {
          table: 'events',
          column: { name: 'large', type: 'boolean' },
          up: 'coalesce(size > 2, false)',
        },
      },
      {
        create_constraint: {
          table: 'events',
          name: 'one_each',
          type: 'unique',
          columns: ['at', 'who', 'id'],
          up: {},
          down: {},
        },
      },
      {
        create_constraint: {
          table: 'events',
          name: 'whose',
          type: 'foreign_key',
          columns: ['who'],
          references: { table: 'people', columns: ['id'] },
          up: {},
          down: {},
        },
      },
    ],
    writes: [
      ['old', "INSERT INTO events VALUES (9, '2026-05-05', 2, 7)"],
      ['new', "INSERT INTO events VALUES (10, '2025-05-05', 2, 5000, true)"],
      ['old', "UPDATE events SET at = '2026-06-06' WHERE id = 1"],
    ],
    refuses: [['new', 'UPDATE events SET size = 0 WHERE id = 2', /check constraint/]],
    refusesAfterContract: [['new', 'UPDATE events SET who = 3 WHERE id = 2', /whose/]],
    sees: {
      old: [
        'SELECT id, size FROM events WHERE id IN (1, 9, 10) ORDER BY id',
        [
          [1, 1],
          [9, 7],
          [10, 1000],
        ],
      ],
      new: [
        'SELECT id, size::text, large FROM events WHERE id IN (1, 9, 10) ORDER BY id',
        [
          [1, '1', false],
          [9, '7', true],
          [10, '5000', true],
        ],
      ],
    },
    plain: `ALTER TABLE events ALTER size TYPE bigint, ALTER size SET DEFAULT 1::bigint;
      CREATE INDEX events_25_by_at ON events_25 (at); CREATE INDEX events_26_by_at ON events_26 (at);
      CREATE INDEX by_at ON events (at); ALTER TABLE events ADD large boolean NOT NULL DEFAULT false;
      ALTER TABLE events ALTER large DROP DEFAULT; UPDATE events SET large = true WHERE size > 2;
      ALTER TABLE events_25 ADD CONSTRAINT events_25_one_each UNIQUE (at, who, id);
      ALTER TABLE events_26 ADD CONSTRAINT events_26_one_each UNIQUE (at, who, id);
      ALTER TABLE events ADD CONSTRAINT one_each UNIQUE (at, who, id);
      ALTER TABLE events ADD CONSTRAINT whose FOREIGN KEY (who) REFERENCES people (id)`,
  },
];
