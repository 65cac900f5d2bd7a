import type { WebhookPayload } from '../webhooks/schemas.ts';
import { type ButtonValue, buttonBlock, type SlackButton } from './buttons.ts';

/** A migration or a fleet as a message tells of it. */
export interface SlackSubject {
  id: string;
  name: string;
  /** For the eyes of whoever asks: `soaking (soak)`, and where. */
  state: string;
  /** Name and value; at most ten are shown. */
  facts: [string, string][];
  /** What somebody has to decide on, a line each. */
  question: string[];
  value: ButtonValue;
  buttons: SlackButton[];
}

export interface SlackMessage {
  /** For notifications, and for clients that show no blocks. */
  text: string;
  blocks: object[];
}

const longestText = 2_900;
const longestField = 1_900;
const mostFields = 10;
const shown = 12;

/** Nothing in a name becomes a link, a mention or markup. */
export const escapeMarkup = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Cut before it is escaped, so that no escape is cut: to what fits however much of it has to be escaped. */
const plain = (text: string, longest: number): string => {
  const fits = escapeMarkup(text).length <= longest;
  return escapeMarkup(fits ? text : `${text.slice(0, longest / 5)}…`).replaceAll('`', "'");
};

/** Whether a question stands in a message whole: who cannot read all of it is not asked there. */
export const isReadable = (question: readonly string[]): boolean =>
  escapeMarkup(question.join('\n')).length <= longestText;

const words = (type: string): string => type.replaceAll(/[._]/g, ' ');
/** `verbatim`: a URL in a name stays text. */
const marked = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
const field = ([name, value]: [string, string]) => marked(`*${name}*\n${plain(value, longestField)}`);
const section = (text: string) => ({ type: 'section', text: marked(plain(text, longestText)) });

function detailsOf({ data }: WebhookPayload): object[] {
  const details = Object.entries(data.details)
    .slice(0, 10)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
  return details === '' ? [] : [section(details)];
}

/**
 * A message about an event in Slack's Block Kit. `said` tells what somebody did about it by a button. Of an event that is
 * about no migration and no fleet its details are shown.
 */
export function slackMessage(
  payload: WebhookPayload,
  subject: SlackSubject | undefined,
  said?: string,
): SlackMessage {
  const { type, timestamp, data } = payload;
  const name = subject?.name ?? data.fleet?.name ?? data.database?.name ?? data.schema ?? 'Theseus';
  const headline = `*${plain(name, longestText)}*: ${words(type)}`;
  const about = subject?.id ?? data.fleet?.id ?? data.database?.id ?? '';
  const facts = subject?.facts.slice(0, mostFields).map(field) ?? [];
  const confirmed = (subject?.value.planHash ?? '').slice(0, shown);
  return {
    text: `${plain(name, longestText)}: ${words(type)}`,
    blocks: [
      { type: 'section', text: marked(headline) },
      ...(subject === undefined ? detailsOf(payload) : [{ type: 'section', fields: facts }]),
      ...(subject === undefined || subject.question.length === 0
        ? []
        : [section(subject.question.join('\n'))]),
      {
        type: 'context',
        elements: [
          marked(plain([data.actor, timestamp, about].filter(Boolean).join(' · '), longestField)),
          ...(said === undefined ? [] : [marked(said.slice(0, longestField))]),
        ],
      },
      ...(subject === undefined
        ? []
        : [
            {
              type: 'actions',
              elements: subject.buttons.map((button) =>
                buttonBlock(button, subject.value, `${subject.id}, plan ${confirmed}`),
              ),
            },
          ]),
    ],
  };
}
