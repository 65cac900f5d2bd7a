import { Command } from 'commander';
import { Breaker } from '#gateway/circuit-breaker/views.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { breakerPath } from './breaker-path.ts';
import { describeBreaker } from './breakers.ts';

const change = (verb: 'isolate' | 'reset', description: string): Command =>
  new Command(verb)
    .description(description)
    .argument('<name>', 'the service and its version: orders/1.4.0')
    .requiredOption('--reason <text>', 'why; it stays in the audit trail')
    .option('--json', 'print JSON')
    .action(async (name: string, { reason, json }: { reason: string; json?: boolean }, command: Command) => {
      const path = `${breakerPath(name)}/${verb}`;
      const platform = await platformOf(command);
      const breaker = await call(platform, { method: 'POST', path, body: { reason }, answer: Breaker });
      if (json) return printJson(breaker);
      print(describeBreaker(breaker));
    });

/** `theseus gateway isolate <name> --reason …`. */
export const gatewayIsolate = (): Command =>
  change('isolate', 'Hold a circuit breaker open until it is reset: no call is made');

/** `theseus gateway reset <name> --reason …`. */
export const gatewayReset = (): Command =>
  change('reset', 'Close a circuit breaker and forget what was counted');
