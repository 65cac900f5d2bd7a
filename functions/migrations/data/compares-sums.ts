import type { Load } from '../plan/schemas.ts';

/** Whether both databases can sum up ranges of the target's key; if not, the records go through the load once more. */
export const comparesSums = ({ transform, watermark }: Pick<Load, 'transform' | 'watermark'>): boolean =>
  transform.kind === 'sql' && watermark === null;
