import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SendEmailCommandInput, SendEmailCommandOutput } from '@aws-sdk/client-sesv2';
import { newId } from '#platform/ids.ts';
import type { Clock } from '../clock.ts';
import { writeDurably } from '../durable-file.ts';
import { knownFields } from '../known-fields.ts';

/** Amazon SES of the laptop: what would be sent is a file of its own, `mail/<time>-<id>.eml`, and nobody gets it. */
export function createMail({ directory, clock }: { directory: string; clock: Clock }) {
  const folder = join(directory, 'mail');

  async function sendEmail(input: SendEmailCommandInput): Promise<Omit<SendEmailCommandOutput, '$metadata'>> {
    knownFields('SESv2.SendEmail', input, ['FromEmailAddress', 'Destination', 'Content']);
    const { Destination = {}, Content = {}, FromEmailAddress: from = '' } = input;
    knownFields('SESv2.SendEmail.Destination', Destination, ['ToAddresses']);
    knownFields('SESv2.SendEmail.Content', Content, ['Simple']);
    const to = Destination.ToAddresses ?? [];
    const { Subject, Body } = Content.Simple ?? {};
    const [subject, text] = [Subject?.Data ?? '', Body?.Text?.Data ?? ''];
    if (to.length === 0 || to.length > 50 || [from, subject, ...to].some((line) => /[\r\n]/.test(line)))
      throw new Error('Expected 1 to 50 addresses, and every field on one line');
    const id = newId('mail');
    const at = new Date(clock.now());
    const head = [
      `From: ${from}`,
      `To: ${to.join(', ')}`,
      `Subject: ${subject}`,
      `Date: ${at.toUTCString()}`,
      `Message-ID: <${id}@localhost>`,
      'Content-Type: text/plain; charset=utf-8',
    ];
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = `${at.toISOString().replaceAll(':', '')}-${id}.eml`;
    await writeDurably(join(folder, name), `${[...head, '', text].join('\r\n')}\r\n`);
    return { MessageId: id };
  }

  return { folder, handlers: { SendEmail: sendEmail } };
}
