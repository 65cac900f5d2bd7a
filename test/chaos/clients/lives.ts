/** One operation (or two that belong together), and what clients of both versions do all the while. */
export interface Life {
  name: string;
  /** Run in a schema of its own, after the table `t`. */
  setup?: string;
  operations: unknown[];
  /**
   * Prepared statements of clients of the old version: `$1` is the number of a row that stands, or of a new one for an
   * INSERT, `$2` any small number. Absent: reads and writes `name` and `age`.
   */
  old?: string[];
  /** The same of clients of the new version. */
  new: string[];
}

/** Made in every schema. */
export const table = `
  CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, age int DEFAULT 18, code int NOT NULL UNIQUE, note text);
  CREATE INDEX t_age ON t (age);
  INSERT INTO t SELECT g, 'Ada ' || g, g % 90, g, 'n' || g FROM generate_series(1, 400) g;`;

export const usual = [
  'SELECT * FROM t WHERE id = $1::int',
  "INSERT INTO t (id, name, age, code) VALUES ($1::int, 'Bo ' || $1::int, $2::int, $1::int)",
  "UPDATE t SET name = 'Cy ' || $2::int, age = $2::int WHERE id = $1::int",
  'UPDATE t SET note = NULL WHERE id = $1::int RETURNING id, name, age',
];

const alter = (column: string, change: Record<string, unknown>) => ({
  alter_column: { table: 't', column, ...change },
});
const constraint = (body: Record<string, unknown>) => ({
  create_constraint: { table: 't', up: {}, down: {}, ...body },
});

/** Those that change a table's rows, one at a time; the others are in `everything`. */
export const lives: Life[] = [
  {
    name: 'add_column filled by up, NOT NULL',
    operations: [
      { add_column: { table: 't', column: { name: 'first', type: 'text' }, up: "split_part(name, ' ', 1)" } },
    ],
    new: [
      'SELECT * FROM t WHERE id = $1::int',
      "INSERT INTO t (id, name, code, first) VALUES ($1::int, 'Bo Li', $1::int, 'Bo')",
      "UPDATE t SET first = 'Di' WHERE id = $1::int RETURNING *",
    ],
  },
  {
    name: 'add_column with a constant and a volatile default, check and reference',
    operations: [
      {
        add_column: {
          table: 't',
          column: {
            name: 'state',
            type: 'text',
            default: "'open'",
            check: { name: 'known', constraint: "state IN ('open', 'shut')" },
          },
        },
      },
      { add_column: { table: 't', column: { name: 'key', type: 'uuid', default: 'gen_random_uuid()' } } },
      {
        add_column: {
          table: 't',
          column: {
            name: 'friend',
            type: 'int',
            nullable: true,
            references: { name: 'friend_fk', table: 't', column: 'id' },
          },
        },
      },
    ],
    new: [...usual, "UPDATE t SET state = 'shut', friend = $2::int + 1 WHERE id = $1::int RETURNING *"],
  },
  {
    name: 'drop_column that is NOT NULL and unique',
    operations: [{ drop_column: { table: 't', column: 'code', down: 'id' } }],
    new: [
      'SELECT * FROM t WHERE id = $1::int',
      "INSERT INTO t (id, name, age) VALUES ($1::int, 'Bo', $2::int)",
      "UPDATE t SET name = 'Di' WHERE id = $1::int RETURNING *",
    ],
  },
  {
    name: 'one column becomes two',
    operations: [
      { add_column: { table: 't', column: { name: 'first', type: 'text' }, up: "split_part(name, ' ', 1)" } },
      { add_column: { table: 't', column: { name: 'last', type: 'text' }, up: "split_part(name, ' ', 2)" } },
      { drop_column: { table: 't', column: 'name', down: "first || ' ' || last" } },
    ],
    new: [
      'SELECT * FROM t WHERE id = $1::int',
      "INSERT INTO t (id, first, last, code) VALUES ($1::int, 'Bo', 'Li', $1::int)",
      "UPDATE t SET last = 'L' || $2::int WHERE id = $1::int RETURNING *",
    ],
  },
  {
    name: 'alter_column: type, with default and index',
    operations: [alter('age', { type: 'bigint', up: 'age', down: 'least(age, 2147483647)::int' })],
    new: [...usual, 'UPDATE t SET age = 5000000000 + $2::int WHERE id = $1::int RETURNING *'],
  },
  {
    name: 'alter_column: NOT NULL with check, and its default',
    operations: [
      alter('age', {
        nullable: false,
        check: { name: 'young', constraint: 'age < 1000' },
        up: 'coalesce(age, 0)',
        down: 'age',
      }),
    ],
    old: [...usual, 'UPDATE t SET age = NULL WHERE id = $1::int'],
    new: usual,
  },
  {
    name: 'alter_column: NULL allowed, unique and a new name',
    operations: [
      alter('code', { unique: { name: 'one_code' }, up: 'code', down: 'code' }),
      alter('name', { name: 'called', nullable: true, up: 'name', down: "coalesce(called, '')" }),
    ],
    new: [
      'SELECT * FROM t WHERE id = $1::int',
      'INSERT INTO t (id, code) VALUES ($1::int, $1::int)',
      'UPDATE t SET called = NULL WHERE id = $1::int RETURNING *',
    ],
  },
  {
    name: 'alter_column: default and comment alone',
    operations: [alter('age', { default: '99', comment: 'years' }), alter('note', { default: "'none'" })],
    new: usual,
  },
  {
    name: 'create_constraint: check over two columns, doubled',
    operations: [
      constraint({
        name: 'sane',
        type: 'check',
        columns: ['age', 'note'],
        check: 'age < 50 OR note IS NULL',
        up: { age: 'CASE WHEN note IS NULL THEN age ELSE least(age, 49) END', note: 'note' },
        down: { age: 'age', note: 'note' },
      }),
    ],
    new: [
      'SELECT * FROM t WHERE id = $1::int',
      "INSERT INTO t (id, name, age, code) VALUES ($1::int, 'Bo', $2::int, $1::int)",
      'UPDATE t SET age = $2::int % 50 WHERE id = $1::int RETURNING *',
    ],
  },
  {
    name: 'create_constraint: unique, foreign key and primary key in place',
    setup: 'CREATE TABLE u (id int, t int); INSERT INTO u SELECT g, g FROM generate_series(1, 400) g;',
    operations: [
      constraint({ name: 'pair', type: 'unique', columns: ['code', 'name'] }),
      {
        create_constraint: {
          table: 'u',
          name: 'u_t',
          type: 'foreign_key',
          columns: ['t'],
          references: { table: 't', columns: ['id'] },
          up: {},
          down: {},
        },
      },
      {
        create_constraint: {
          table: 'u',
          name: 'u_key',
          type: 'primary_key',
          columns: ['id'],
          up: {},
          down: {},
        },
      },
    ],
    old: [
      ...usual,
      'INSERT INTO u (id, t) VALUES ($1::int, $2::int + 1)',
      'SELECT * FROM u WHERE id = $2::int + 1',
    ],
    new: [
      ...usual,
      'INSERT INTO u (id, t) VALUES ($1::int, $2::int + 1)',
      'SELECT * FROM u WHERE id = $2::int + 1',
    ],
  },
  {
    name: 'drop_constraint and drop_multicolumn_constraint',
    setup:
      'ALTER TABLE t ADD CONSTRAINT grown CHECK (age >= 0); ALTER TABLE t ADD CONSTRAINT pair UNIQUE (note, id);',
    operations: [
      { drop_constraint: { table: 't', name: 'grown', up: 'age', down: 'greatest(age, 0)' } },
      { drop_multicolumn_constraint: { table: 't', name: 'pair', up: {}, down: { note: 'note', id: 'id' } } },
    ],
    new: [...usual, 'UPDATE t SET age = -1 WHERE id = $1::int RETURNING *'],
  },
  {
    name: 'a partitioned table: type, index, a column that follows, unique and foreign key',
    setup: `CREATE TABLE p (id int PRIMARY KEY, n int, note text, who int DEFAULT 1) PARTITION BY HASH (id);
      CREATE TABLE p_0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE p_1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      INSERT INTO p SELECT g, g % 90, 'n' || g FROM generate_series(1, 400) g;`,
    operations: [
      {
        alter_column: { table: 'p', column: 'n', type: 'bigint', up: 'n', down: 'least(n, 2147483647)::int' },
      },
      { add_column: { table: 'p', column: { name: 'size', type: 'int' }, up: "length(coalesce(note, ''))" } },
      { create_index: { name: 'p_note', table: 'p', columns: [{ column: 'note' }] } },
      {
        create_constraint: {
          table: 'p',
          name: 'one_each',
          type: 'unique',
          columns: ['who', 'id'],
          up: {},
          down: {},
        },
      },
      {
        create_constraint: {
          table: 'p',
          name: 'whose',
          type: 'foreign_key',
          columns: ['who'],
          references: { table: 't', columns: ['id'] },
          up: {},
          down: {},
        },
      },
    ],
    old: [
      'SELECT * FROM p WHERE id = $1::int',
      'INSERT INTO p (id, n) VALUES ($1::int, $2::int)',
      "UPDATE p SET n = $2::int, note = 'm' || $2::int WHERE id = $1::int RETURNING id, n",
    ],
    new: [
      'SELECT * FROM p WHERE id = $1::int',
      'INSERT INTO p (id, n, size) VALUES ($1::int, $2::int, $2::int)',
      'UPDATE p SET n = 5000000000 + $2::int WHERE id = $1::int RETURNING *',
    ],
  },
];

const visits = [
  'INSERT INTO visits (id, who) VALUES ($1::int, $2::int + 1)',
  'SELECT * FROM visits WHERE who = $2::int + 1',
];
const links = [
  'INSERT INTO links (id, a, t) VALUES ($1::int, $1::int, $2::int + 1)',
  'UPDATE links SET t = $2::int + 1 WHERE id = $1::int RETURNING *',
];

/** All fifteen operations in one file. */
export const everything: Life & { old: string[] } = {
  name: 'all fifteen operations',
  setup: `
    CREATE TABLE stays (id int PRIMARY KEY, who int NOT NULL REFERENCES t (id));
    CREATE TABLE places (id int PRIMARY KEY, seats int);
    CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE links (id int PRIMARY KEY, a int NOT NULL, t int);
    CREATE TABLE marks (id int PRIMARY KEY, note text, n int CONSTRAINT grown CHECK (n >= 0), CONSTRAINT pair UNIQUE (note, id));
    CREATE INDEX t_note ON t (note); CREATE UNIQUE INDEX t_pair ON t (id, code);
    INSERT INTO places SELECT g, g FROM generate_series(1, 400) g; INSERT INTO people SELECT g, 'Ada Li' FROM generate_series(1, 400) g;
    INSERT INTO links SELECT g, g, g FROM generate_series(1, 400) g; INSERT INTO marks SELECT g, 'n' || g, g FROM generate_series(1, 400) g;`,
  operations: [
    {
      create_table: {
        name: 'visits',
        columns: [
          { name: 'id', type: 'int', pk: true },
          {
            name: 'who',
            type: 'int',
            references: { name: 'visits_who', table: 't', column: 'id', on_delete: 'CASCADE' },
          },
        ],
      },
    },
    { drop_table: { name: 'stays' } },
    { rename_table: { from: 'places', to: 'spots' } },
    { rename_column: { table: 'spots', from: 'seats', to: 'room' } },
    {
      add_column: {
        table: 'people',
        column: { name: 'first', type: 'text' },
        up: "split_part(name, ' ', 1)",
      },
    },
    {
      add_column: { table: 'people', column: { name: 'last', type: 'text' }, up: "split_part(name, ' ', 2)" },
    },
    { drop_column: { table: 'people', column: 'name', down: "first || ' ' || last" } },
    alter('age', { type: 'bigint', up: 'age', down: 'least(age, 2147483647)::int' }),
    { create_index: { name: 'by_note', table: 't', columns: [{ column: 'note' }], predicate: 'code > 3' } },
    {
      create_index: {
        name: 'one_code_each',
        table: 't',
        columns: [{ column: 'code' }, { column: 'id' }],
        unique: true,
      },
    },
    { drop_index: { name: 't_note' } },
    { drop_index: { name: 't_pair' } },
    constraint({ table: 'links', name: 'pair_of', type: 'unique', columns: ['a', 'id'] }),
    constraint({
      table: 'links',
      name: 'links_t',
      type: 'foreign_key',
      columns: ['t'],
      references: { table: 't', columns: ['id'] },
    }),
    { drop_constraint: { table: 'marks', name: 'grown', up: 'n', down: 'greatest(n, 0)' } },
    {
      drop_multicolumn_constraint: { table: 'marks', name: 'pair', up: {}, down: { note: 'note', id: 'id' } },
    },
    { rename_constraint: { table: 't', from: 't_code_key', to: 'one_code' } },
    { set_replica_identity: { table: 'links', identity: { type: 'full', index: '' } } },
    { sql: { up: 'CREATE TABLE extra (a int)', down: 'DROP TABLE extra' } },
  ],
  old: [
    ...usual,
    ...links,
    'INSERT INTO stays (id, who) VALUES ($1::int, $2::int + 1)',
    'UPDATE places SET seats = $2::int WHERE id = $1::int RETURNING *',
    "INSERT INTO people (id, name) VALUES ($1::int, 'Bo Li')",
    'SELECT * FROM people WHERE id = $1::int',
    'UPDATE marks SET n = $2::int WHERE id = $1::int RETURNING id, note, n',
  ],
  new: [
    ...usual,
    ...links,
    ...visits,
    'UPDATE t SET age = 5000000000 + $2::int WHERE id = $1::int RETURNING *',
    'UPDATE spots SET room = $2::int WHERE id = $1::int RETURNING *',
    "INSERT INTO people (id, first, last) VALUES ($1::int, 'Bo', 'Li')",
    "UPDATE people SET last = 'L' || $2::int WHERE id = $1::int RETURNING *",
    'UPDATE marks SET n = -1, note = NULL WHERE id = $1::int RETURNING *',
  ],
};
