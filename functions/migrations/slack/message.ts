import { z } from 'zod';
import { MigrationId } from '../schemas.ts';
import type { WebhookPayload } from '../webhooks/schemas.ts';

/** What a button does; `show` answers the person who pressed it and nobody else. */
export const ButtonAction = z.enum(['approve', 'reject', 'pause', 'resume', 'show']);
export type ButtonAction = z.infer<typeof ButtonAction>;
const actionPrefix = 'theseus.';

/** What a button carries: which migration, and the plan that the person saw. */
export const ButtonValue = z.strictObject({ migration: MigrationId, planHash: z.string() });
export type ButtonValue = z.infer<typeof ButtonValue>;

/** The action of a button by its action_id; undefined for a button of somebody else. */
export function actionOf(actionId: string): ButtonAction | undefined {
  if (!actionId.startsWith(actionPrefix)) return undefined;
  return ButtonAction.safeParse(actionId.slice(actionPrefix.length)).data;
}

/** A migration as a message tells of it. */
export interface SlackMigration {
  id: string;
  name: string;
  database: string;
  schema: string;
  status: string;
  phase: string | null;
  author: string;
  planHash: string;
  risk: { level: string; reasons: string[] } | null;
  undo: string | null;
  actions: ButtonAction[];
}

export interface SlackMessage {
  /** For notifications, and for clients that show no blocks. */
  text: string;
  blocks: object[];
}

const longestText = 2_900;
const longestField = 1_900;
const shown = 12;

/** Nothing in a name becomes a link, a mention or markup. */
export const escapeMarkup = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Cut before it is escaped, so that no escape is cut. */
const plain = (text: string, longest: number): string => {
  const cut = text.length > longest / 5 ? `${text.slice(0, longest / 5)}…` : text;
  return escapeMarkup(cut).replaceAll('`', "'");
};

const words = (type: string): string => type.replaceAll(/[._]/g, ' ');
/** `verbatim`: a URL in a name stays text. */
const marked = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
const field = (name: string, value: string) => marked(`*${name}*\n${plain(value, longestField)}`);

const labels: Record<ButtonAction, string> = {
  approve: 'Approve',
  reject: 'Reject',
  pause: 'Pause',
  resume: 'Resume',
  show: 'Show',
};
const styles: Partial<Record<ButtonAction, 'primary' | 'danger'>> = { approve: 'primary', reject: 'danger' };

function button(action: ButtonAction, { id, planHash }: SlackMigration): object {
  const style = styles[action];
  return {
    type: 'button',
    action_id: `${actionPrefix}${action}`,
    text: { type: 'plain_text', text: labels[action] },
    value: JSON.stringify({ migration: id, planHash } satisfies ButtonValue),
    ...(style === undefined ? {} : { style }),
    ...(action === 'approve' || action === 'reject'
      ? {
          confirm: {
            title: { type: 'plain_text', text: `${labels[action]} this plan?` },
            text: { type: 'plain_text', text: `${id}, plan ${planHash.slice(0, shown)}` },
            confirm: { type: 'plain_text', text: labels[action] },
            deny: { type: 'plain_text', text: 'Cancel' },
          },
        }
      : {}),
  };
}

const factsOf = (migration: SlackMigration): object[] => [
  field('Database', `${migration.database}, schema ${migration.schema}`),
  field('Phase', migration.phase === null ? migration.status : `${migration.status} (${migration.phase})`),
  ...(migration.risk === null
    ? []
    : [field('Risk', [migration.risk.level, ...migration.risk.reasons.slice(0, 3)].join('; '))]),
  ...(migration.undo === null ? [] : [field('Undo', migration.undo)]),
  ...(migration.planHash === '' ? [] : [field('Plan', migration.planHash.slice(0, shown))]),
  field('By', migration.author),
];

/**
 * A message about an event in Slack's Block Kit. `said` tells what somebody did about it by a button. Of an event that is
 * about no migration its details are shown.
 */
export function slackMessage(
  { type, timestamp, data }: WebhookPayload,
  migration: SlackMigration | undefined,
  said?: string,
): SlackMessage {
  const subject = migration?.name ?? data.fleet?.name ?? data.database?.name ?? data.schema ?? 'Theseus';
  const headline = `*${plain(subject, longestText)}*: ${words(type)}`;
  const details = Object.entries(data.details)
    .slice(0, 10)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
  const about = migration?.id ?? data.fleet?.id ?? data.database?.id ?? '';
  return {
    text: `${plain(subject, longestText)}: ${words(type)}`,
    blocks: [
      { type: 'section', text: marked(headline) },
      ...(migration === undefined
        ? details === ''
          ? []
          : [{ type: 'section', text: marked(plain(details, longestText)) }]
        : [{ type: 'section', fields: factsOf(migration) }]),
      {
        type: 'context',
        elements: [
          marked(plain([data.actor, timestamp, about].filter(Boolean).join(' · '), longestField)),
          ...(said === undefined ? [] : [marked(said.slice(0, longestField))]),
        ],
      },
      ...(migration === undefined
        ? []
        : [{ type: 'actions', elements: migration.actions.map((action) => button(action, migration)) }]),
    ],
  };
}
