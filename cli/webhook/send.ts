import { Command } from 'commander';
import { Delivery } from '#migrations/webhooks/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { deliveryLine } from './describe.ts';

interface Options {
  json?: boolean;
}

async function send(path: string, { json }: Options, command: Command): Promise<void> {
  const platform = await platformOf(command);
  const delivery = await call(platform, { method: 'POST', path, answer: Delivery });
  if (json) printJson(delivery);
  if (delivery.status === 'delivered') {
    if (!json) print(deliveryLine(delivery));
    return;
  }
  throw new Failure(deliveryLine(delivery), {
    code: exitCode.refused,
    action: 'Any answer of 2xx within 10 s counts as taken.',
  });
}

/** `theseus webhook test whk_…`: exit 3 when the receiver did not take it. */
export const webhookTest = (): Command =>
  new Command('test')
    .description('Send a message of the type webhook.test now, and say what came of it')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, options: Options, command: Command) =>
      send(`/webhooks/${encodeURIComponent(id)}/test`, options, command),
    );

/** `theseus webhook resend whk_… msg_…`: exit 3 when the receiver did not take it. */
export const webhookResend = (): Command =>
  new Command('resend')
    .description('Send a delivery once more, now, under the same id')
    .argument('<id>')
    .argument('<delivery>', 'its id, as deliveries shows it')
    .option('--json', 'print JSON')
    .action((id: string, delivery: string, options: Options, command: Command) =>
      send(
        `/webhooks/${encodeURIComponent(id)}/deliveries/${encodeURIComponent(delivery)}/resend`,
        options,
        command,
      ),
    );
