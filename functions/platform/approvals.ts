import { currentEnvironment } from './environment.ts';

/**
 * Whether whoever asked for a change may approve it as well: THESEUS_AUTHOR_MAY_APPROVE, `true` or `false`; unset it is
 * false in staging and production.
 */
export function authorMayApprove(): boolean {
  const rule = process.env.THESEUS_AUTHOR_MAY_APPROVE;
  return rule === undefined || rule === ''
    ? !['staging', 'production'].includes(currentEnvironment())
    : rule === 'true';
}
