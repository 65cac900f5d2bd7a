import { Command } from 'commander';
import { z } from 'zod';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';

/** `theseus alert-rule remove slow`: what fires by it is over. */
export const alertRuleRemove = (): Command =>
  new Command('remove')
    .description('Remove a rule; one that came with the platform can only be switched off')
    .argument('<name>')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `/alert-rules/${encodeURIComponent(name)}`;
      await call(platform, { method: 'DELETE', path, answer: z.undefined() });
      if (options.json) printJson({ removed: name });
      else print(`${name} is removed.`);
    });
