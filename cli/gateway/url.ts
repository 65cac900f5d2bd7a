import { Command } from 'commander';
import { holderOf } from '#local/lock.ts';
import { exitCode, Failure } from '../failure.ts';
import { print } from '../output.ts';
import { dataDirectory } from '../platform.ts';

/** `theseus gateway url`: where requests to services go in on this machine, for scripts. */
export const gatewayUrl = (): Command =>
  new Command('url')
    .description('Print the address of the gateway on this machine')
    .action(async (_options: object, command: Command) => {
      const folder = dataDirectory(command.optsWithGlobals<{ directory?: string }>().directory);
      const url = (await holderOf(folder))?.gatewayUrl;
      if (url === undefined) {
        throw new Failure(`No platform runs on ${folder}.`, {
          code: exitCode.unreachable,
          action:
            'Start one with `npx theseus dev`; in AWS the output GatewayUrl of a stack has the address.',
        });
      }
      print(url);
    });
