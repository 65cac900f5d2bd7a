import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flywayChecksum, operationsChecksum } from './checksums.ts';
import { compareHistory } from './compare.ts';
import { entriesOf } from './files.ts';
import { flywayVersion } from './ids.ts';
import type { AppliedMigration } from './schemas.ts';

const ids = (tool: Parameters<typeof entriesOf>[0], files: Record<string, string>) =>
  entriesOf(
    tool,
    Object.entries(files).map(([path, text]) => ({ path, text })),
  ).map(({ id }) => id);

describe('the files of a tool', () => {
  it('are put in its order and known by its names', () => {
    const flyway = {
      'V10__b.sql': '',
      'V2_1__a.sql': '',
      'x/V2__a.sql': '',
      'R__views.sql': '',
      'U2__a.sql': '',
      'readme.sql': '',
    };
    expect(ids('flyway', flyway)).toEqual(['2', '2.1', '10', 'R views']);
    expect(flywayVersion('001_02.0')).toBe('1.2');
    expect(ids('prisma', { '2_b/migration.sql': '', '1_a/migration.sql': '', 'loose.sql': '' })).toEqual([
      '1_a',
      '2_b',
    ]);
    const journal = JSON.stringify({
      entries: [
        { tag: '0001_b', when: 200 },
        { tag: '0000_a', when: 100 },
      ],
    });
    expect(
      ids('drizzle', { 'd/meta/_journal.json': journal, 'd/0000_a.sql': '', 'd/0001_b.sql': '' }),
    ).toEqual(['100', '200']);
    expect(
      ids('pgroll', { '02_b.json': '{"operations":[]}', '01_a.yaml': 'operations: []', 'c.yaml': 'a: 1' }),
    ).toEqual(['01_a', '02_b']);
  });

  it('of Liquibase are changesets, in each of its forms', () => {
    const files = {
      'a.sql':
        '-- liquibase formatted sql\n-- changeset ann:1 context:x\nSELECT 1;\n--changeset bob:two\nSELECT 2;',
      'b.xml':
        '<databaseChangeLog><!-- <changeSet id="0" author="no"> -->\n<changeSet author="ann"\n id="3"></changeSet></databaseChangeLog>',
      'c.yaml': 'databaseChangeLog:\n- changeSet:\n    id: 4\n    author: ann\n- include: {file: a.sql}',
      'd.sql': 'SELECT 1;',
    };
    expect(ids('liquibase', files)).toEqual([
      'a.sql::1::ann',
      'a.sql::two::bob',
      'b.xml::3::ann',
      'c.yaml::4::ann',
    ]);
  });
});

describe('checksums', () => {
  it('of Flyway are CRC-32 of the lines, whatever ends them', () => {
    // The check value of CRC-32, as a signed number.
    expect(flywayChecksum('123456789')).toBe(String(0xcbf43926 | 0));
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[^\r\n\uFEFF]*$/)), (lines) => {
        expect(flywayChecksum(lines.join('\r\n'))).toBe(flywayChecksum(lines.join('\n')));
        expect(flywayChecksum(`\uFEFF${lines.join('\n')}\n`)).toBe(flywayChecksum(lines.join('\n')));
      }),
    );
  });

  it('of pgroll are of what operations say', () => {
    expect(operationsChecksum([{ sql: { up: 'a', down: '' } }])).toBe(
      operationsChecksum([{ sql: { up: 'a' } }]),
    );
    expect(operationsChecksum([{ sql: { up: 'a' } }])).not.toBe(operationsChecksum([{ sql: { up: 'b' } }]));
    expect(operationsChecksum([{ a: 1 }, { b: 1 }])).not.toBe(operationsChecksum([{ b: 1 }, { a: 1 }]));
  });
});

describe('a history beside its files', () => {
  const row = (id: string, more: Partial<AppliedMigration> = {}): AppliedMigration => ({
    id,
    name: id,
    checksum: `sum of ${id}`,
    state: 'applied',
    hasFile: true,
    at: null,
    ...more,
  });
  const file = (id: string, more: object = {}) => ({
    id,
    name: id,
    path: id,
    checksum: `sum of ${id}`,
    repeatable: false,
    ...more,
  });
  const history = [
    row('1'),
    row('2', { checksum: 'other' }),
    row('4'),
    row('5'),
    row('base', { hasFile: false }),
  ];
  const files = [file('1'), file('2'), file('3'), file('4', { checksum: null }), file('6')];

  it('says what is applied, changed, missing, pending and out of order', () => {
    const { migrations, problems } = compareHistory('flyway', history, files, 'refuse');
    expect(Object.fromEntries(migrations.map((one) => [one.id, `${one.state} ${one.verified}`]))).toEqual({
      1: 'applied true',
      2: 'changed false',
      3: 'out_of_order false',
      4: 'applied false',
      5: 'missing false',
      6: 'pending false',
      base: 'applied false',
    });
    expect(problems).toEqual([
      '5: applied, and have no file',
      '2: not what was applied',
      '3: pending, although later ones are applied',
    ]);
  });

  it('refuses what is out of order, warns of it or lets it be', () => {
    const late = (policy: 'refuse' | 'warn' | 'allow', tool: 'flyway' | 'liquibase' = 'flyway') => {
      const { problems, warnings } = compareHistory(tool, [row('2')], [file('1'), file('2')], policy);
      return [problems.length, warnings.length];
    };
    expect(late('refuse')).toEqual([1, 0]);
    expect(late('warn')).toEqual([0, 1]);
    expect(late('allow')).toEqual([0, 0]);
    expect(late('refuse', 'liquibase')).toEqual([0, 0]);
  });

  it('takes a changed repeatable migration as pending, and a failed one as a problem', () => {
    const changed = compareHistory(
      'flyway',
      [row('R v')],
      [file('R v', { checksum: 'new', repeatable: true })],
      'refuse',
    );
    expect(changed).toMatchObject({ problems: [], migrations: [{ state: 'pending' }] });
    const failed = compareHistory('prisma', [row('1', { state: 'failed' })], null, 'refuse');
    expect(failed.problems).toEqual(['1: failed half-way']);
  });
});
