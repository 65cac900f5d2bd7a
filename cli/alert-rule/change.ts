import { Command } from 'commander';
import { AlertRule } from '#migrations/alerts/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { bodyOf, type RuleOptions, scope, thresholds, withRuleOptions } from './options.ts';

/** `theseus alert-rule change no-progress --warning 300`; `--off` switches a rule off. */
export const alertRuleChange = (): Command =>
  withRuleOptions(
    new Command('change')
      .description('Change a rule, one that came with the platform, too; what is not named stays')
      .argument('<name>'),
  )
    .option('--off', 'switch it off')
    .option('--on', 'switch it on')
    .option('--json', 'print JSON')
    .action(async (name: string, options: RuleOptions, command: Command) => {
      const body = bodyOf(options);
      if (Object.values(body).every((value) => value === undefined)) {
        throw new Failure('Expected something to change.', {
          code: exitCode.usage,
          action: `For example: npx theseus alert-rule change ${name} --warning 300`,
        });
      }
      const platform = await platformOf(command);
      const path = `/alert-rules/${encodeURIComponent(name)}`;
      const rule = await call(platform, { method: 'PATCH', path, body, answer: AlertRule });
      if (options.json) return printJson(rule);
      const state = rule.enabled ? `${rule.metric} ${thresholds(rule)}, on ${scope(rule)}` : 'switched off';
      print(`${rule.name}: ${state}`);
    });
