import { describe, expect, it } from 'vitest';
import { MigrationRecord } from '../records.ts';
import { migrationRecord } from '../testing/record.ts';
import { actionOf } from './buttons.ts';
import { isReadable, type SlackSubject, slackMessage } from './message.ts';
import { slackMigration } from './subjects.ts';

const planHash = 'a'.repeat(64);
const plan = {
  ...migrationRecord().plan,
  hash: planHash,
  risk: { level: 'high', reasons: ['writes every row'] },
};
const migration: SlackSubject = slackMigration(
  MigrationRecord.parse({
    ...migrationRecord({ createdBy: 'anna', approvalsNeeded: 2 }),
    plan,
    status: 'waiting_for_approval',
    phase: 'approve',
  }),
);
const payload = {
  type: 'approval.requested',
  timestamp: '2026-11-21T12:00:00.000Z',
  data: {
    id: 'evt.mig_1.3',
    sequence: 3,
    migration: { id: 'mig_1', name: 'split-name' },
    fleet: null,
    database: { id: 'db_1', name: 'shop' },
    schema: 'public',
    actor: 'theseus',
    details: {},
  },
};

describe('a message for Slack', () => {
  it('says what, where, in which phase, how risky, by which plan', () => {
    const text = JSON.stringify(slackMessage(payload, migration));
    for (const part of [
      'split-name',
      'approval requested',
      'shop',
      'approve',
      'high; writes every row',
      'anna',
      '0 of 2',
    ])
      expect(text).toContain(part);
    expect(text).toContain(`${'a'.repeat(12)}"`);
  });

  it('has buttons that carry the migration and the hash of its plan', () => {
    const { blocks } = slackMessage(payload, migration);
    expect(blocks.at(-1)).toMatchObject({
      type: 'actions',
      elements: [
        {
          action_id: 'theseus.approve',
          style: 'primary',
          value: JSON.stringify({ migration: 'mig_1', planHash: 'a'.repeat(64) }),
          confirm: { title: { text: 'Approve this plan?' } },
        },
        { action_id: 'theseus.reject', style: 'danger' },
        { action_id: 'theseus.show' },
      ],
    });
    expect(actionOf('theseus.approve')).toBe('approve');
    expect(actionOf('theseus.remove')).toBeUndefined();
    expect(actionOf('approve')).toBeUndefined();
  });

  it('lets no name become a mention, a link or markup', () => {
    const text = JSON.stringify(
      slackMessage(payload, {
        ...migration,
        name: '<!channel> <https://evil.test|x> `&',
        facts: [['By', '<@U1>']],
        question: ['<!here>'],
      }),
    );
    expect(text).not.toMatch(/<[!@h]/);
    expect(text).toContain('&lt;!channel&gt;');
  });

  it('stays within the limits of Slack, whatever it tells of', () => {
    const long = '<'.repeat(10_000);
    const { text, blocks } = slackMessage(
      { ...payload, data: { ...payload.data, actor: long, details: { long } } },
      { ...migration, name: long, facts: Array.from({ length: 20 }, () => ['By', long]), question: [long] },
      long,
    );
    const texts = JSON.stringify(blocks).match(/"text":"(?:[^"\\]|\\.)*"/g) ?? [];
    for (const one of texts) expect(one.length).toBeLessThan(3_000);
    expect(text.length).toBeLessThan(3_000);
    expect(isReadable([long])).toBe(false);
    expect(isReadable(['who may'.repeat(100)])).toBe(true);
  });

  it('tells the details of what is about no migration', () => {
    const drift = {
      ...payload,
      type: 'drift.found',
      data: { ...payload.data, migration: null, details: { changes: 2 } },
    };
    const { text, blocks } = slackMessage(drift, undefined);
    expect(text).toBe('shop: drift found');
    expect(JSON.stringify(blocks)).toContain('changes: 2');
    expect(JSON.stringify(blocks)).not.toContain('"actions"');
  });
});
