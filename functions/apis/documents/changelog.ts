import type { Change, Verdict } from '#compatibility/changes.ts';
import { bySubject, entryOf, lineOf } from './sections.ts';
import type { Block, Document } from './writing/document.ts';

/** What is read at most: a document of thousands of changes is read by nobody. */
const mostSubjects = 200;
const mostEach = 20;

export interface Versions {
  api: string;
  from: string;
  to: string;
}

const titles: Record<Change['level'], string> = {
  breaking: 'Breaking changes',
  warning: 'Worth a look',
  info: 'Other changes',
};

function sectionOf(level: Change['level'], changes: readonly Change[]): Block[] {
  const own = changes.filter((one) => one.level === level);
  if (own.length === 0) return [];
  const subjects = bySubject(own);
  const left =
    own.length - subjects.slice(0, mostSubjects).flatMap(([, all]) => all.slice(0, mostEach)).length;
  return [
    { kind: 'heading', level: 2, text: [`${titles[level]} (${own.length})`] },
    ...subjects
      .slice(0, mostSubjects)
      .flatMap(([subject, all]): Block[] => [
        { kind: 'heading', level: 3, text: [{ code: subject }] },
        ...(level === 'info'
          ? [{ kind: 'list' as const, items: all.slice(0, mostEach).map(lineOf) }]
          : all.slice(0, mostEach).flatMap(entryOf)),
      ]),
    ...(left > 0 ? [{ kind: 'paragraph' as const, text: [`And ${left} more.`] }] : []),
  ];
}

const count = (number: number, one: string, many: string): string =>
  `${number === 0 ? 'no' : number} ${number === 1 ? one : many}`;

/** What changed from one version to another, the worst first. */
export function changelogOf({ api, from, to }: Versions, { changes, compatible }: Verdict): Document {
  const of = (level: Change['level']) => changes.filter((one) => one.level === level).length;
  return {
    title: `${api}: changes from ${from} to ${to}`,
    blocks: [
      {
        kind: 'paragraph',
        text: [
          compatible ? 'Whoever uses ' : 'Some who use ',
          { code: from },
          compatible ? ' goes on with ' : ' do not go on with ',
          { code: to },
          `: ${count(of('breaking'), 'breaking change', 'breaking changes')}, ${count(of('warning'), 'warning', 'warnings')}, ${count(of('info'), 'other', 'others')}.`,
        ],
      },
      ...sectionOf('breaking', changes),
      ...sectionOf('warning', changes),
      ...sectionOf('info', changes),
    ],
  };
}
