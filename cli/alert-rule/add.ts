import { Command } from 'commander';
import { AlertRule } from '#migrations/alerts/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { bodyOf, type RuleOptions, scope, thresholds, withRuleOptions } from './options.ts';

/** `theseus alert-rule add slow --metric rows_per_second --below --warning 100 --for 10m`. */
export const alertRuleAdd = (): Command =>
  withRuleOptions(
    new Command('add')
      .description('Watch a metric of every migration, from the next minute on')
      .argument('<name>', 'lower case letters, digits and hyphens'),
  )
    .option('--json', 'print JSON')
    .action(async (name: string, options: RuleOptions, command: Command) => {
      if (options.metric === undefined) {
        throw new Failure('Expected --metric.', {
          code: exitCode.usage,
          action: 'See which there are: npx theseus alert-rule add --help',
        });
      }
      const platform = await platformOf(command);
      const body = { name, ...bodyOf(options) };
      const rule = await call(platform, { method: 'POST', path: '/alert-rules', body, answer: AlertRule });
      if (options.json) return printJson(rule);
      print(`${rule.name}: ${rule.metric} ${thresholds(rule)}, on ${scope(rule)}`);
    });
