import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Deployment, type DeploymentStatus } from '#deployments/schemas.ts';
import { type Ask, asking } from '../client.ts';
import { exitCode } from '../failure.ts';
import { cutTo, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { linesOf, reportDeployment } from './describe.ts';

/** Nothing more happens by itself in these, or not for long. */
const resting = new Set<DeploymentStatus>([
  'waiting_for_approval',
  'keeping_blue',
  'completed',
  'rolled_back',
  'failed',
  'cancelled',
  'needs_attention',
]);
const good = new Set<DeploymentStatus>(['waiting_for_approval', 'keeping_blue', 'completed']);
const everyMs = 500;

/** Redrawn in place on a terminal; elsewhere a line for each change. */
function screen(): (deployment: Deployment) => void {
  let drawn = 0;
  let told = '';
  return (deployment) => {
    const lines = linesOf(deployment);
    if (process.stdout.isTTY) {
      if (drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
      for (const line of lines) print(cutTo(line, process.stdout.columns));
      drawn = lines.length;
      return;
    }
    const { status, traffic, judgement } = deployment;
    const now = `${status.replaceAll('_', ' ')}: ${traffic?.percent ?? 0} %${judgement === null ? '' : `, judged ${judgement.verdict}`}`;
    if (now !== told) print(now);
    told = now;
  };
}

function jsonLines(): (deployment: Deployment) => void {
  let said = '';
  return (deployment) => {
    const now = JSON.stringify(deployment);
    if (now !== said) printJson(deployment);
    said = now;
  };
}

/** Follows a deployment until it rests. Sets the exit code to 4 when its version did not stay. */
export async function watchDeployment(ask: Ask, id: string, { json }: { json?: boolean }): Promise<void> {
  const show = json ? jsonLines() : screen();
  const path = `/deployments/${encodeURIComponent(id)}`;
  for (;;) {
    const deployment = await ask({ method: 'GET', path, answer: Deployment });
    show(deployment);
    if (!resting.has(deployment.status)) {
      await sleep(everyMs);
      continue;
    }
    if (!json) reportDeployment(deployment, {});
    if (!good.has(deployment.status)) process.exitCode = exitCode.failed;
    return;
  }
}

/** `theseus deployment watch <id>`: steps, traffic and the judge's figures; one JSON line per change with --json. */
export const deploymentWatch = (): Command =>
  new Command('watch')
    .description('Follow a deployment until its version has all traffic, or lost it')
    .argument('<id>')
    .option('--json', 'print a JSON line for each change')
    .action(async (id: string, options: { json?: boolean }, command: Command) =>
      watchDeployment(asking(await platformOf(command)), id, options),
    );
