import { Command } from 'commander';
import { DeploymentAnalysis } from '#deployments/schemas.ts';
import { judge } from '#judge/judge.ts';
import { fieldProblems } from '#platform/errors.ts';
import { readDocument } from '../document.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { judgementLines } from './describe.ts';

/** `theseus deployment judge <file>`: without a platform; the same samples get the same judgement. */
export const deploymentJudge = (): Command =>
  new Command('judge')
    .description('Judge recorded samples again, without a platform')
    .argument('<file>', 'what `theseus deployment analysis --json` printed')
    .option('--json', 'print JSON')
    .action(async (file: string, options: { json?: boolean }) => {
      const parsed = DeploymentAnalysis.safeParse(await readDocument(file));
      if (!parsed.success || parsed.data.criteria === null) {
        throw new Failure(`${file} is no analysis that was judged.`, {
          code: exitCode.refused,
          action: 'Write it with: npx theseus deployment analysis <id> --json',
          details: parsed.success
            ? ['/criteria: nothing was judged']
            : fieldProblems('', parsed.error).map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`),
        });
      }
      const judgement = judge(parsed.data.samples, parsed.data.criteria, parsed.data.since);
      if (options.json) printJson(judgement);
      else for (const line of judgementLines({ judgement })) print(line);
      if (judgement.verdict === 'fail') process.exitCode = exitCode.failed;
    });
