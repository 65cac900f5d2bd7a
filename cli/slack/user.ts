import { Command } from 'commander';
import { z } from 'zod';
import { SlackUser, SlackUserList } from '#migrations/slack/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { collected } from '../webhook/add.ts';

/** `T012/U345` as a path. @throws Failure (usage). */
function pathOf(member: string): string {
  const [team, user, ...more] = member.split('/');
  if (!team || !user || more.length > 0) {
    throw new Failure(`'${member}' is no member of a workspace; expected T012AB3CD/U012AB3CD.`, {
      code: exitCode.usage,
      action: 'A button that is pressed says both ids to whoever pressed it.',
    });
  }
  return `/slack/users/${encodeURIComponent(team)}/${encodeURIComponent(user)}`;
}

interface SetOptions {
  subject: string;
  group: string[];
  json?: boolean;
}

/** `theseus slack user set T012/U345 --subject anna --group theseus:approver`. */
const set = (): Command =>
  new Command('set')
    .description('Say whom a member of a Slack workspace stands for')
    .argument('<member>', 'ids of workspace and member: T012AB3CD/U012AB3CD')
    .requiredOption('--subject <subject>', "as this person's tokens say it")
    .option(
      '--group <group>',
      "as this person's tokens say it, e.g. theseus:approver; may be repeated",
      collected,
      [],
    )
    .option('--json', 'print JSON')
    .action(async (member: string, { subject, group, json }: SetOptions, command: Command) => {
      const path = pathOf(member);
      const platform = await platformOf(command);
      const body = { subject, groups: group };
      const user = await call(platform, { method: 'PUT', path, body, answer: SlackUser });
      if (json) return printJson(user);
      print(`${member} stands for ${user.subject}${group.length === 0 ? '' : ` with ${group.join(', ')}`}.`);
    });

const list = (): Command =>
  new Command('list')
    .description('Whom members of Slack workspaces stand for')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const users = await call(platform, { method: 'GET', path: '/slack/users', answer: SlackUserList });
      if (json) return printJson(users);
      const rows = users.items.map((one) => [
        `${one.team}/${one.user}`,
        one.subject,
        one.groups.join(','),
        one.createdBy,
      ]);
      for (const line of table([['MEMBER', 'SUBJECT', 'GROUPS', 'BY'], ...rows])) print(line);
    });

const remove = (): Command =>
  new Command('remove')
    .description('A member of a Slack workspace stands for nobody any more')
    .argument('<member>', 'ids of workspace and member: T012AB3CD/U012AB3CD')
    .option('--json', 'print JSON')
    .action(async (member: string, { json }: { json?: boolean }, command: Command) => {
      const path = pathOf(member);
      const platform = await platformOf(command);
      await call(platform, { method: 'DELETE', path, answer: z.undefined() });
      if (json) printJson({ removed: member });
      else print(`${member} stands for nobody any more.`);
    });

/** `theseus slack user set|list|remove`. */
export const slackUser = (): Command =>
  new Command('user')
    .description('Members of Slack workspaces')
    .addCommand(set())
    .addCommand(list())
    .addCommand(remove());
