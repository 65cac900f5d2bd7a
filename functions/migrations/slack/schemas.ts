import { z } from 'zod';

const Time = z.iso.datetime();
export const TeamId = z
  .string()
  .regex(/^[TE][A-Z0-9]{1,30}$/, 'expected the id of a workspace such as T012AB3CD');
export const UserId = z
  .string()
  .regex(/^[UW][A-Z0-9]{1,30}$/, 'expected the id of a member such as U012AB3CD');
const Group = z.string().regex(/^[\w:.@/-]{1,128}$/, 'expected a group such as theseus:approver');

/** Who a member of a Slack workspace is here. */
export const SlackUserAs = z
  .strictObject({
    subject: z.string().min(1).max(255).describe('As the tokens of this person say it'),
    groups: z.array(Group).max(50).describe('As the tokens of this person say them'),
  })
  .meta({ id: 'SlackUserAs' });

export const SlackUser = SlackUserAs.extend({
  team: TeamId,
  user: UserId,
  createdAt: Time,
  createdBy: z.string(),
}).meta({ id: 'SlackUser' });
export type SlackUser = z.infer<typeof SlackUser>;
export const SlackUserList = z.strictObject({ items: z.array(SlackUser) }).meta({ id: 'SlackUserList' });

export const ConnectSlack = z
  .strictObject({
    signingSecret: z
      .string()
      .regex(/^[A-Za-z0-9]{16,128}$/, 'expected the signing secret of a Slack app: letters and digits')
      .describe('Of the Slack app, from its Basic Information; never shown again'),
  })
  .meta({ id: 'ConnectSlack' });

export const SlackApp = z
  .strictObject({ connectedAt: Time, connectedBy: z.string() })
  .meta({ id: 'SlackApp' });
export type SlackApp = z.infer<typeof SlackApp>;

/** What Slack sends when somebody presses a button. Everything else of it is not looked at. */
export const ButtonPressed = z.looseObject({
  type: z.literal('block_actions'),
  user: z.looseObject({ id: z.string(), team_id: z.string().optional() }),
  team: z.looseObject({ id: z.string() }).nullish(),
  actions: z.array(z.looseObject({ action_id: z.string(), value: z.string().optional() })).min(1),
  response_url: z.string(),
});
export type ButtonPressed = z.infer<typeof ButtonPressed>;
