import type { Change, Level } from '../changes.ts';
import { grouped } from './groups.ts';
import type { Position } from './positions.ts';

/** Where a change stands: a file, and a place in it when it is known. */
export interface Spot {
  /** A path relative to the root of the repository, with forward slashes. */
  file: string;
  position: Position | undefined;
}

const sarifLevels: Record<Level, string> = { breaking: 'error', warning: 'warning', info: 'note' };
const uri = (path: string) => path.split('/').map(encodeURIComponent).join('/');

/** Changes as one SARIF 2.1.0 log, for code scanning: each once, however many endpoints feel it. */
export function changesSarif(changes: readonly Change[], spotOf: (change: Change) => Spot) {
  const groups = grouped(changes);
  const rules = [...new Map(groups.map(({ change }) => [change.rule, change])).values()];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'theseus',
            rules: rules.map(({ rule, remedy }) => ({
              id: rule,
              shortDescription: { text: rule.replaceAll('-', ' ') },
              help: { text: remedy },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: groups.map(({ change, message, places }) => {
          const { file, position } = spotOf(change);
          const more = places.length > 5 ? ` and ${places.length - 5} more` : '';
          return {
            ruleId: change.rule,
            ruleIndex: rules.findIndex(({ rule }) => rule === change.rule),
            level: sarifLevels[change.level],
            message: {
              text: `${message}\nAt ${places.slice(0, 5).join(', ')}${more}.\nInstead: ${change.remedy}`,
            },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: uri(file) },
                  ...(position && { region: { startLine: position.line, startColumn: position.column } }),
                },
                logicalLocations: places.slice(0, 5).map((name) => ({ fullyQualifiedName: name })),
              },
            ],
            ...(change.adjusted && { properties: { adjusted: change.adjusted } }),
          };
        }),
      },
    ],
  };
}
