/** PostgreSQL's table locks, weakest first: a lock stops what the stronger half of the list asks for. */
export const lockModes = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;

type LockMode = (typeof lockModes)[number];
const strength = (mode: LockMode): number => lockModes.indexOf(mode);
/** Whether the lock makes writers wait. */
export const blocksWrites = (mode: LockMode): boolean => strength(mode) >= strength('SHARE');
/** Whether the lock makes readers wait too. */
export const blocksReads = (mode: LockMode): boolean => mode === 'ACCESS EXCLUSIVE';
