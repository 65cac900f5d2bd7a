import type { TypeName } from '../sql/type.ts';
import type { Bound } from './binding.ts';
import type { LogicalTable } from './logical.ts';
import type {
  DataCheck,
  DualWriteGroup,
  Note,
  Plan,
  ReturningConstraint,
  RowBackup,
  Step,
  TableRef,
  UndoClass,
} from './schemas.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
/** A step before its place in the plan gives it an id. */
export type StepDraft = WithoutId<Step>;

/** Statements on some tables, to be run in one transaction with others of the same phase. */
export interface Change {
  tables: TableRef[];
  statements: string[];
}

/** How one physical column follows from others. */
export interface Flow {
  table: LogicalTable;
  direction: 'up' | 'down';
  /** Physical column it writes. */
  target: string;
  type: TypeName;
  bound: Bound;
  volatile: boolean;
  guards: DualWriteGroup['guards'];
}

/** A column filled once by a value that no trigger keeps: a volatile default. */
export interface Fill {
  table: LogicalTable;
  target: string;
  type: TypeName;
  expression: string;
}

/** What one operation asks of every phase. */
export interface Pieces {
  summary: string;
  undo: UndoClass;
  undoReason: string;
  expand: Change[];
  /** Statements of the user's own, run in order by themselves between the other changes. */
  raw: { up: string[]; down: string[] };
  flows: Flow[];
  fills: Fill[];
  index: StepDraft[];
  constrain: StepDraft[];
  /** Constraints that old clients could violate: enforced when they are gone. */
  enforce: StepDraft[];
  /** The soft contract: what would refuse new clients on the old side. */
  relax: Change[];
  /** Unique indexes of the old side, dropped after the soft contract. */
  relaxIndexes: StepDraft[];
  undoContract: StepDraft[];
  returning: ReturningConstraint[];
  rollback: Change[];
  rollbackIndexes: StepDraft[];
  /** Removal, in this order over all operations of the file. */
  removal: { drop: Change[]; finish: Change[]; renames?: Change[]; indexes: StepDraft[] };
  removalBackups: RowBackup[];
  undoLosses: RowBackup[];
  checks: DataCheck[];
  notes: Note[];
  rights: Plan['rights'];
}

/** Pieces that ask for nothing, with the parts given. */
export function pieces(parts: Pick<Pieces, 'summary' | 'undo' | 'undoReason'> & Partial<Pieces>): Pieces {
  return {
    expand: [],
    raw: { up: [], down: [] },
    flows: [],
    fills: [],
    index: [],
    constrain: [],
    enforce: [],
    relax: [],
    relaxIndexes: [],
    undoContract: [],
    returning: [],
    rollback: [],
    rollbackIndexes: [],
    removal: { drop: [], finish: [], indexes: [] },
    removalBackups: [],
    undoLosses: [],
    checks: [],
    notes: [],
    rights: [],
    ...parts,
  };
}

/** The pieces of `first` and after them all of `others`; summary and undo are the first one's. */
export function combined(first: Pieces, others: Pieces[]): Pieces {
  const all = [first, ...others];
  return {
    summary: first.summary,
    undo: first.undo,
    undoReason: first.undoReason,
    expand: all.flatMap((each) => each.expand),
    raw: { up: all.flatMap((each) => each.raw.up), down: all.flatMap((each) => each.raw.down) },
    flows: all.flatMap((each) => each.flows),
    fills: all.flatMap((each) => each.fills),
    index: all.flatMap((each) => each.index),
    constrain: all.flatMap((each) => each.constrain),
    enforce: all.flatMap((each) => each.enforce),
    relax: all.flatMap((each) => each.relax),
    relaxIndexes: all.flatMap((each) => each.relaxIndexes),
    undoContract: all.flatMap((each) => each.undoContract),
    returning: all.flatMap((each) => each.returning),
    rollback: all.flatMap((each) => each.rollback),
    rollbackIndexes: all.flatMap((each) => each.rollbackIndexes),
    removal: {
      drop: all.flatMap((each) => each.removal.drop),
      finish: all.flatMap((each) => each.removal.finish),
      renames: all.flatMap((each) => each.removal.renames ?? []),
      indexes: all.flatMap((each) => each.removal.indexes),
    },
    removalBackups: all.flatMap((each) => each.removalBackups),
    undoLosses: all.flatMap((each) => each.undoLosses),
    checks: all.flatMap((each) => each.checks),
    notes: all.flatMap((each) => each.notes),
    rights: all.flatMap((each) => each.rights),
  };
}
