import { z } from 'zod';
import { AlreadyApproved, AuthorMayNotApprove } from '../errors.ts';

/** One person's yes to one plan. */
export const GivenApproval = z.object({
  by: z.string(),
  at: z.string(),
  comment: z.string().nullable(),
});
export type GivenApproval = z.infer<typeof GivenApproval>;

/** The glass was broken: who went past approvals and windows, when and why. It stays with what it was done to. */
export const BrokenGlass = z.object({
  by: z.string(),
  at: z.string(),
  reason: z.string(),
  action: z.enum(['start', 'approve']),
});
export type BrokenGlass = z.infer<typeof BrokenGlass>;

/** How many people must say yes to a plan, by its risk. */
export const Approvers = z.strictObject({
  low: z.int().min(1).max(10),
  medium: z.int().min(1).max(10),
  high: z.int().min(1).max(10),
});
export type Approvers = z.infer<typeof Approvers>;

export interface Asked {
  /** `Migration mig_1`, to begin a sentence with. */
  what: string;
  author: string;
  authorMayApprove: boolean;
  given: readonly GivenApproval[];
  needed: number;
}

/** Whose yes does not count (any more): whoever said it already, and the author where the environment says so. */
export const notCounted = ({ author, authorMayApprove, given }: Omit<Asked, 'what' | 'needed'>): string[] => [
  ...new Set([...(authorMayApprove ? [] : [author]), ...given.map(({ by }) => by)]),
];

/**
 * The approvals with one more. No person counts twice, and no author where the environment says so.
 * @throws AuthorMayNotApprove, AlreadyApproved.
 */
export function withApproval(asked: Asked, approval: GivenApproval): GivenApproval[] {
  const { what, author, authorMayApprove, given, needed } = asked;
  if (approval.by === author && !authorMayApprove) {
    throw new AuthorMayNotApprove(`${author} wrote this and may not approve it here`, {
      evidence: { author },
      action: 'Ask another approver.',
    });
  }
  if (given.some(({ by }) => by === approval.by)) {
    throw new AlreadyApproved(
      `${what} has the approval of ${approval.by} already: ${given.length} of ${needed}`,
      {
        evidence: { approvedBy: given.map(({ by }) => by), needed },
        action: `Ask another approver than ${notCounted(asked).join(', ')}.`,
      },
    );
  }
  return [...given, approval];
}
