import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { lint } from '#migrations/lint/lint.ts';
import { asGithub } from './github.ts';
import { asSarif } from './sarif.ts';
import { asText } from './text.ts';

const file = 'we ird:%,é.sql';
const findings = () =>
  lint('-- \u{1F4A5}\nDROP TABLE a;\nALTRE', { file, postgresVersion: 14, transaction: 'none' }).then(
    async (syntax) => [
      ...syntax,
      ...(await lint('DROP TABLE\n  "100%:,";\nCREATE TABLE n (a int)', {
        file,
        postgresVersion: 14,
        transaction: 'none',
      })),
    ],
  );

const text = z.strictObject({ text: z.string().min(1), markdown: z.string().optional() });
const level = z.enum(['none', 'note', 'warning', 'error']);
/** The parts of SARIF 2.1.0 that are used, as its schema has them. */
const Sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string(),
          rules: z.array(
            z.strictObject({
              id: z.string(),
              shortDescription: text,
              fullDescription: text,
              help: text,
              defaultConfiguration: z.strictObject({ level }),
              properties: z.record(z.string(), z.string()).optional(),
            }),
          ),
        }),
      }),
      columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int().min(0),
          level,
          message: text,
          locations: z.array(
            z.strictObject({
              physicalLocation: z.strictObject({
                artifactLocation: z.strictObject({ uri: z.string().regex(/^[\w%./-]+$/) }),
                region: z.strictObject({
                  startLine: z.int().min(1),
                  startColumn: z.int().min(1),
                  endLine: z.int().min(1),
                  endColumn: z.int().min(1),
                  snippet: text.optional(),
                }),
              }),
            }),
          ),
        }),
      ),
    }),
  ]),
});

describe('reports', () => {
  it('SARIF has its form, every result its rule, and regions that do not end before they begin', async () => {
    const found = await findings();
    const [{ tool, results }] = Sarif.parse(JSON.parse(JSON.stringify(asSarif(found)))).runs;
    expect(results.map(({ ruleId }) => ruleId)).toEqual(found.map(({ rule }) => rule));
    for (const { ruleId, ruleIndex, locations } of results) {
      expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
      for (const { physicalLocation } of locations) {
        const { startLine, startColumn, endLine, endColumn } = physicalLocation.region;
        expect(endLine > startLine || endColumn >= startColumn).toBe(true);
        expect(decodeURIComponent(physicalLocation.artifactLocation.uri)).toBe(file);
      }
    }
    expect(Sarif.parse(asSarif([])).runs[0].results).toEqual([]);
  });

  it('GitHub’s commands are one line each, and nothing in them ends a property early', async () => {
    const lines = asGithub(await findings());
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      expect(line).toMatch(
        /^::(error|warning|notice) file=we ird%3A%25%2Cé\.sql,line=\d+,col=\d+,endLine=\d+,title=[^,:]+::[^\n\r]+$/,
      );
    }
    expect(lines.some((line) => line.includes('"100%25:,"'))).toBe(true);
  });

  it('text counts what there is', async () => {
    expect(asText([], 1)).toEqual(['1 file read, nothing found']);
    const lines = asText(await findings(), 1_200);
    expect(lines.at(-1)).toMatch(/^1,200 files read: 2 errors, 1 warning, \d+ info$/);
    expect(lines.join('\n')).toContain(`${file}:3:1 error syntax-error`);
  });
});
