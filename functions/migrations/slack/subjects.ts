import { createHash } from 'node:crypto';
import { possibleActions } from '../decisions/actions.ts';
import { possibleFleetActions } from '../fleet/actions.ts';
import type { FleetRecord } from '../fleet/records.ts';
import { type MigrationRecord, openConstraints } from '../records.ts';
import { undecidedRows } from '../undo/consent.ts';
import type { SlackButton } from './buttons.ts';
import { isReadable, type SlackSubject } from './message.ts';

// Migrations and fleets as messages tell of them, with the buttons of where they stand: what needs no more to be said
// than yes or no, and is read in the message before.

const shown = 12;
const show: SlackButton = { action: 'show', label: 'Show' };
const rows = (count: number) => `${count} ${count === 1 ? 'row' : 'rows'}`;

const stateOf = ({ status, phase }: Pick<MigrationRecord, 'status' | 'phase'>): string =>
  phase === null ? status : `${status} (${phase})`;

const riskOf = (plan: NonNullable<MigrationRecord['plan']>): [string, string][] => [
  ['Risk', [plan.risk.level, ...plan.risk.reasons.slice(0, 3)].join('; ')],
  ['Undo', plan.undo],
  ['Plan', plan.hash.slice(0, shown)],
];

/** The notes of a plan that nobody starts without having read them. */
const consentsOf = ({ plan }: Pick<MigrationRecord, 'plan'>) =>
  (plan?.notes ?? []).filter(({ severity }) => severity === 'consent');

/** Their codes: what a start from a message consents to, because the message told them. */
export const consentCodes = (record: Pick<MigrationRecord, 'plan'>): string[] => [
  ...new Set(consentsOf(record).map(({ code }) => code)),
];

const tellConsents = (record: Pick<MigrationRecord, 'plan'>): string[] => {
  const told = consentsOf(record).map(({ code, text }) => `${code}: ${text}`);
  return told.length === 0 ? [] : ['Whoever starts it consents to:', ...told];
};

/** What a person decides on, on the way back; empty when nothing waits. */
function wayBackQuestion(record: MigrationRecord): string[] {
  if (record.status !== 'waiting_for_decision') return [];
  const { undo, wayBack } = record;
  const losses = (undo?.losses ?? []).filter((one) => one.rows > 0);
  const overwrites = undecidedRows(record) === 0 ? [] : (wayBack?.restored ?? []);
  return [
    ...losses.map((one) => `Lost: ${rows(one.rows)} of ${one.table} (${one.columns.join(', ')})`),
    ...openConstraints(record).map(
      ({ constraint, table, rows: refused, reason }) =>
        `Refused: ${constraint} of ${table}, by ${rows(refused)}: ${reason}`,
    ),
    ...overwrites.flatMap(({ table, expected }) =>
      expected === null
        ? []
        : [
            `Overwritten in ${table}: ${rows(expected.overwritten)}; brought back: ${rows(expected.broughtBack)} (${expected.basis})`,
          ],
    ),
  ];
}

/** Fingerprint of what was asked: counted again, it is another question. */
export function questionOf(record: MigrationRecord): string | undefined {
  const question = wayBackQuestion(record);
  if (question.length === 0) return undefined;
  return createHash('sha256').update(JSON.stringify(question)).digest('hex').slice(0, 16);
}

function wayBackButtons(record: MigrationRecord): SlackButton[] {
  const possible = new Set(possibleActions(record));
  const isRollback = record.undo === null;
  const constraints = openConstraints(record).length > 0;
  const approve: SlackButton = constraints
    ? {
        action: 'not_valid',
        label: 'Go on, NOT VALID',
        style: 'danger',
        confirm: 'Constraints for new rows only?',
      }
    : { action: 'approve', label: 'Accept', style: 'danger', confirm: 'Accept what is listed?' };
  const reject: SlackButton = isRollback
    ? { action: 'reject', label: 'Leave rows', confirm: 'Take only the schema back?' }
    : { action: 'reject', label: 'Keep migration', confirm: 'End the undo?' };
  return [
    ...(possible.has('approve') ? [approve] : []),
    ...(possible.has('reject') ? [reject] : []),
    ...(possible.has('retry') ? [{ action: 'retry', label: 'Count again' } as const] : []),
  ];
}

function buttonsOf(record: MigrationRecord): SlackButton[] {
  const { status } = record;
  const possible = new Set(possibleActions(record));
  if (status === 'waiting_for_decision') {
    return isReadable(wayBackQuestion(record)) ? [...wayBackButtons(record), show] : [show];
  }
  if (status === 'waiting_for_approval' && possible.has('approve')) {
    return [
      { action: 'approve', label: 'Approve', style: 'primary', confirm: 'Approve this plan?' },
      { action: 'reject', label: 'Reject', style: 'danger', confirm: 'Reject this plan?' },
      show,
    ];
  }
  const startable = status === 'planned' && isReadable(tellConsents(record));
  const back = status === 'running' || status === 'paused' || status === 'soaking';
  return [
    ...(startable && possible.has('start')
      ? [{ action: 'start', label: 'Start', style: 'primary', confirm: 'Start this plan?' } as const]
      : []),
    ...(possible.has('pause') ? [{ action: 'pause', label: 'Pause' } as const] : []),
    ...(possible.has('resume') ? [{ action: 'resume', label: 'Resume' } as const] : []),
    ...(back && possible.has('rollback')
      ? [{ action: 'rollback', label: 'Roll back', style: 'danger', confirm: 'Take it back?' } as const]
      : []),
    ...(status === 'completed' && possible.has('undo')
      ? [
          {
            action: 'undo',
            label: 'Undo',
            style: 'danger',
            confirm: 'Undo it? Losses are asked about.',
          } as const,
        ]
      : []),
    show,
  ];
}

export function slackMigration(record: MigrationRecord): SlackSubject {
  const { id, name, databaseName, schema, plan, createdBy, approvals, approvalsNeeded, status } = record;
  const question = questionOf(record);
  return {
    id,
    name,
    state: `${stateOf(record)} on ${databaseName}`,
    facts: [
      ['Database', `${databaseName}, schema ${schema}`],
      ['Phase', stateOf(record)],
      ...(plan === null ? [] : riskOf(plan)),
      ...(status === 'waiting_for_approval'
        ? [['Approvals', `${approvals.length} of ${approvalsNeeded}`] satisfies [string, string]]
        : []),
      ['By', createdBy],
    ],
    question: status === 'planned' ? tellConsents(record) : wayBackQuestion(record),
    value: {
      migration: id,
      planHash: plan?.hash ?? '',
      ...(question === undefined ? {} : { question }),
    },
    buttons: buttonsOf(record),
  };
}

export function slackFleet(fleet: FleetRecord): SlackSubject {
  const { id, name, status, targets, waves, wave, sample, createdBy, approvals, halted, failure } = fleet;
  const possible = new Set(possibleFleetActions(fleet));
  const consents = tellConsents(sample);
  const startable = possible.has('start') && isReadable(consents);
  const where = waves[wave]?.name;
  return {
    id,
    name,
    state: `${status}${where === undefined ? '' : ` (wave ${where})`}, ${targets} targets`,
    facts: [
      [
        'Fleet',
        `${targets} targets, ${waves.length} waves; first ${sample.database}, schema ${sample.schema}`,
      ],
      ['State', where === undefined ? status : `${status} (wave ${where})`],
      ...(halted === null ? [] : [['Halted', halted.reason] satisfies [string, string]]),
      ...(failure === null ? [] : [['Failed', failure.message] satisfies [string, string]]),
      ...riskOf(sample.plan),
      ...(approvals.length === 0
        ? []
        : [['Approved', approvals.map(({ by }) => by).join(', ')] satisfies [string, string]]),
      ['By', createdBy],
    ],
    question: status === 'planned' ? consents : [],
    value: { fleet: id, planHash: sample.plan.hash },
    buttons: [
      ...(possible.has('approve')
        ? [
            {
              action: 'approve',
              label: 'Approve',
              style: 'primary',
              confirm: 'Approve it for every target?',
            } as const,
          ]
        : []),
      ...(startable ? [{ action: 'start', label: 'Start', confirm: 'Begin the first wave?' } as const] : []),
      ...(possible.has('pause') ? [{ action: 'pause', label: 'Pause' } as const] : []),
      ...(possible.has('resume')
        ? [{ action: 'resume', label: 'Resume', confirm: 'Go on? Failures so far are accepted.' } as const]
        : []),
      ...(possible.has('undo')
        ? [{ action: 'undo', label: 'Undo', style: 'danger', confirm: 'Take every target back?' } as const]
        : []),
      show,
    ],
  };
}
