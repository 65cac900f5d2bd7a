import type { Change, Place } from '#compatibility/changes.ts';
import type { Block, Inline, Line } from './writing/document.ts';

/** What a change lies in, as people call it: an endpoint, a type, an event, or the whole API. */
export function subjectOf(place: Place): string {
  switch (place.kind) {
    case 'endpoint':
      return place.endpoint;
    case 'type':
      return place.field === undefined ? place.type : `${place.type}.${place.field}`;
    case 'event':
      return `${place.role} ${place.event}`;
    case 'dependency':
      return place.service;
    case 'schema':
      return place.field ?? 'the document';
    default:
      return 'the whole API';
  }
}

/** Changes by what they lie in, in the order in which they come. */
export function bySubject(changes: readonly Change[]): [string, Change[]][] {
  const found = new Map<string, Change[]>();
  for (const change of changes) {
    const subject = subjectOf(change.place);
    const known = found.get(subject);
    if (known === undefined) found.set(subject, [change]);
    else known.push(change);
  }
  return [...found];
}

const longestExample = 2_000;

export function codeOf(value: unknown): Block {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing');
  const cut = text.length > longestExample ? `${text.slice(0, longestExample)}\n…` : text;
  return { kind: 'code', language: typeof value === 'string' ? '' : 'json', text: cut };
}

/** Where a level came from that a person gave. */
const adjustments = ({ adjusted = [] }: Pick<Change, 'adjusted'>): Inline[] =>
  adjusted.flatMap(({ by, from, reason }) => (by === 'override' ? [` (It was ${from}; ${reason})`] : []));

export const lineOf = (change: Pick<Change, 'rule' | 'message' | 'adjusted'>): Line => [
  { code: change.rule },
  ': ',
  change.message,
  ...adjustments(change),
];

/** What a consumer does about it: the remedies of the rules are for those who make the API. */
const advice: Partial<Record<Change['direction'], string>> = {
  request: 'Send what the new version takes.',
  response: 'Be ready for what the new version answers.',
  event: 'Be ready for the new form of the event.',
};

/** One change with its example and what a consumer does about it. */
export function entryOf({ example, level, direction, ...change }: Change): Block[] {
  const what = level === 'info' ? undefined : advice[direction];
  return [
    { kind: 'paragraph', text: lineOf(change) },
    ...(example === undefined
      ? []
      : [
          {
            kind: 'paragraph' as const,
            text: [
              `The ${example.acceptedBy} version takes this, and the ${example.refusedBy} one refuses it: ${example.reason}`,
            ],
          },
          codeOf(example.document),
        ]),
    ...(what === undefined ? [] : [{ kind: 'paragraph' as const, text: [{ strong: 'To do:' }, ` ${what}`] }]),
  ];
}
