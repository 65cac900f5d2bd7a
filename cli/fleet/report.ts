import { Command } from 'commander';
import { markdownOfTargets } from '#migrations/fleet/report.ts';
import { Fleet, FleetReport, TargetPage, type TargetView } from '#migrations/fleet/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';

interface Options {
  targets?: boolean;
  json?: boolean;
}

const pathOf = (id: string) => `/migration-fleets/${encodeURIComponent(id)}`;
/** A fleet holds 100,000 targets at most. */
const mostPages = 1_000;

async function allTargets(platform: Platform, id: string): Promise<TargetView[]> {
  const targets: TargetView[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const found = await call(platform, {
      method: 'GET',
      path: `${pathOf(id)}/targets`,
      query: { limit: 100, cursor },
      answer: TargetPage,
    });
    targets.push(...found.items);
    cursor = found.nextCursor;
    if (cursor === undefined) break;
  }
  return targets;
}

/** `theseus migration fleet report <id>`: Markdown; as JSON the fleet and every target. */
export const fleetReport = (): Command =>
  new Command('report')
    .description('By wave: done, failed by cause, durations; Markdown')
    .argument('<id>')
    .option('--targets', 'every target too, with its duration and failure')
    .option('--json', 'print JSON: the fleet and every target')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      if (options.json) {
        const fleet = await call(platform, { method: 'GET', path: pathOf(id), answer: Fleet });
        return printJson({ fleet, targets: await allTargets(platform, id) });
      }
      const path = `${pathOf(id)}/report`;
      print((await call(platform, { method: 'GET', path, answer: FleetReport })).markdown);
      if (options.targets) print(markdownOfTargets(await allTargets(platform, id)));
    });
