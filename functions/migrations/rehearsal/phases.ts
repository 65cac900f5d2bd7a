import type { Engine, RunOptions } from '../engines/engine.ts';

export const whole = { from: null, to: null };

/** What one call of a piece came to. */
export interface Done {
  /** `more`: its time was up; it goes on from `last`. */
  status: 'done' | 'more';
  last: string[] | null;
  /** Rows filled, loaded or checked. */
  rows: number;
  /** Rows that were verified, and those of them that were wrong. */
  checked: number;
  wrong: number;
  lockWaitMs: number;
  lockHoldMs: number;
}

export const nothing: Done = {
  status: 'done',
  last: null,
  rows: 0,
  checked: 0,
  wrong: 0,
  lockWaitMs: 0,
  lockHoldMs: 0,
};

/** What a call that fills or loads rows by their keys came to. */
export const filled = ({ status, progress }: Filled): Done => ({
  ...nothing,
  status: status === 'done' ? 'done' : 'more',
  last: progress.last,
  rows: progress.rowsSeen,
});
type Filled = Pick<Awaited<ReturnType<Engine['backfillRange']>>, 'status' | 'progress'>;

/** What a call that checks rows by their keys came to. */
export const checked = ({ status, last, rowsChecked, wrong }: Checked): Done => ({
  ...nothing,
  status,
  last,
  rows: rowsChecked,
  checked: rowsChecked,
  wrong,
});
type Checked = Pick<Done, 'status' | 'last' | 'wrong'> & { rowsChecked: number };

/** A part of a phase that may be run again from where it was, or from its beginning. */
export type Piece = (from: string[] | null, options: RunOptions) => Promise<Done>;

export interface Phase {
  name: string;
  pieces: Piece[];
}
