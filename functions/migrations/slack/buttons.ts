import { z } from 'zod';
import { FleetId } from '../fleet/schemas.ts';
import { MigrationId } from '../schemas.ts';

/** What a button does; `show` answers the person who pressed it and nobody else. */
export const ButtonAction = z.enum([
  'start',
  'approve',
  'not_valid',
  'reject',
  'retry',
  'pause',
  'resume',
  'rollback',
  'undo',
  'show',
]);
export type ButtonAction = z.infer<typeof ButtonAction>;
const actionPrefix = 'theseus.';

/**
 * What a button carries: what it is about, the plan that the person saw, and the fingerprint of what the person was asked
 * besides.
 */
export const ButtonValue = z.union([
  z.strictObject({ migration: MigrationId, planHash: z.string(), question: z.string().optional() }),
  z.strictObject({ fleet: FleetId, planHash: z.string() }),
]);
export type ButtonValue = z.infer<typeof ButtonValue>;

/** The action of a button by its action_id; undefined for a button of somebody else. */
export function actionOf(actionId: string): ButtonAction | undefined {
  if (!actionId.startsWith(actionPrefix)) return undefined;
  return ButtonAction.safeParse(actionId.slice(actionPrefix.length)).data;
}

/** A button of a message: what it does, what stands on it, and what is asked before. */
export interface SlackButton {
  action: ButtonAction;
  label: string;
  style?: 'primary' | 'danger';
  /** One question; Slack asks it before it sends anything. */
  confirm?: string;
}

const longestConfirm = 300;

/** The button in Slack's Block Kit. `about` is plain text. */
export function buttonBlock(
  { action, label, style, confirm }: SlackButton,
  value: ButtonValue,
  about: string,
): object {
  return {
    type: 'button',
    action_id: `${actionPrefix}${action}`,
    text: { type: 'plain_text', text: label },
    value: JSON.stringify(value),
    ...(style === undefined ? {} : { style }),
    ...(confirm === undefined
      ? {}
      : {
          confirm: {
            title: { type: 'plain_text', text: confirm },
            text: { type: 'plain_text', text: about.slice(0, longestConfirm) },
            confirm: { type: 'plain_text', text: label },
            deny: { type: 'plain_text', text: 'Cancel' },
          },
        }),
  };
}
