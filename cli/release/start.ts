import { Command } from 'commander';
import { Release, ReleasePlan } from '#deployments/releases/schemas.ts';
import { call } from '../client.ts';
import { readDocument } from '../document.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { printRelease, settingText } from './describe.ts';
import { watchRelease } from './watch.ts';

interface Options {
  dryRun?: boolean;
  watch?: boolean;
  json?: boolean;
}

/** `theseus release start checkout.yaml`. */
export const releaseStart = (): Command =>
  new Command('start')
    .description('Release new versions of several services, in the order of their dependencies')
    .argument('<file>', 'YAML or JSON: services, flags, keepSeconds; see docs/releases.md')
    .option('--dry-run', 'only check it, and print who moves after whom')
    .option('--watch', 'follow it until all members are there, or until it ends')
    .option('--json', 'print JSON')
    .action(async (file: string, options: Options, command: Command) => {
      const body = await readDocument(file);
      const platform = await platformOf(command);
      const common = { method: 'POST', path: '/releases', body } as const;
      if (options.dryRun) {
        const plan = await call(platform, { ...common, query: { dryRun: 'true' }, answer: ReleasePlan });
        if (options.json) return printJson(plan);
        for (const { flag, to } of plan.flags.filter(({ when }) => when === 'before'))
          print(`before: flag ${flag}: ${settingText(to)}`);
        for (const [at, services] of plan.waves.entries()) print(`${at + 1}. ${services.join(', ')}`);
        for (const { flag, to } of plan.flags.filter(({ when }) => when === 'after'))
          print(`after: flag ${flag}: ${settingText(to)}`);
        for (const { service, accepted } of plan.members)
          if (accepted !== null) print(`${service}: ${accepted}`);
        return;
      }
      const release = await call(platform, { ...common, answer: Release });
      if (options.json) return printJson(release);
      if (options.watch) return watchRelease(platform, release.id);
      printRelease(release);
      print(`Follow it with: npx theseus release watch ${release.id}`);
    });
