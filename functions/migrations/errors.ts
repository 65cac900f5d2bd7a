import {
  Conflict,
  type ErrorDetails,
  InvalidInput,
  PayloadTooLarge,
  TheseusError,
} from '#platform/errors.ts';

// Every named failure of migrations. `name` is a literal because state machines retry and catch by it;
// `retryable` equals the Retry lists of state-machines/*.asl.json (a test compares them).

/** The database's state or shape no longer gives the plan that was planned or approved. */
export class PlanStale extends TheseusError {
  override readonly name: string = 'PlanStale';
  override readonly status: number = 409;
}

/** Checks made before anything ran found reasons not to start; `evidence.findings` has each with its way out. */
export class ValidationFailed extends TheseusError {
  override readonly name: string = 'ValidationFailed';
  override readonly status: number = 422;
}

/** Rows were still wrong after the last pass of verification and repair. */
export class VerificationFailed extends TheseusError {
  override readonly name: string = 'VerificationFailed';
}

/** More records were refused than the file of a data migration allows: it waits for a person. */
export class TooManyErrors extends TheseusError {
  override readonly name: string = 'TooManyErrors';
  override readonly status: number = 422;
}

/** Another migration of the same database and schema runs now. */
export class MigrationInProgress extends Conflict {
  override readonly name: string = 'MigrationInProgress';
}

/** A later migration of the schema stands on this one; undo goes last in, first out. */
export class LaterMigrationStands extends Conflict {
  override readonly name: string = 'LaterMigrationStands';
}

/** The plan has notes that must be consented to by name before start. */
export class ConsentMissing extends Conflict {
  override readonly name: string = 'ConsentMissing';
}

/** An approver approved another plan than the one that stands. */
export class PlanHashDiffers extends Conflict {
  override readonly name: string = 'PlanHashDiffers';
}

/** The author of a migration may not approve it in this environment. */
export class AuthorMayNotApprove extends TheseusError {
  override readonly name: string = 'AuthorMayNotApprove';
  override readonly status: number = 403;
}

/** This person's approval counts already; another's is missing. */
export class AlreadyApproved extends Conflict {
  override readonly name: string = 'AlreadyApproved';
}

/** A plan needs an approver's word before it may run. */
export class ApprovalMissing extends Conflict {
  override readonly name: string = 'ApprovalMissing';
}

/** An approver rejected the plan: the workflow ends before anything ran. */
export class ApprovalRejected extends TheseusError {
  override readonly name: string = 'ApprovalRejected';
}

/** Someone asked for a rollback: the workflow stops at its next checkpoint. */
export class MigrationCancelled extends TheseusError {
  override readonly name: string = 'MigrationCancelled';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Nothing: what was done is taken back by itself.', ...details });
  }
}

/** Someone declined the losses that undo would bring: the migration stays completed. */
export class UndoDeclined extends TheseusError {
  override readonly name: string = 'UndoDeclined';
}

/** This way back makes no sense for the migration, or lacks what it needs: nothing was changed. */
export class StrategyImpossible extends Conflict {
  override readonly name: string = 'StrategyImpossible';
}

/** Another execution acts for this migration now; what this one knows is old. */
export class ExecutionSuperseded extends TheseusError {
  override readonly name: string = 'ExecutionSuperseded';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Nothing: the newer execution goes on with the work.', ...details });
  }
}

/** An execution ended in a way its own Catch could not see: aborted, timed out, history full. */
export class ExecutionDied extends TheseusError {
  override readonly name: string = 'ExecutionDied';
}

/** The secret of a database holds neither a connection string nor the fields of one. */
export class SecretInvalid extends InvalidInput {
  override readonly name: string = 'SecretInvalid';
}

/** The connector of the database lacks a function that the workflow needs. */
export class ConnectorIncomplete extends TheseusError {
  override readonly name: string = 'ConnectorIncomplete';
  override readonly status: number = 422;
}

/** The connector's role may not be assumed, or may not invoke what the connector names; `problems` has each. */
export class ConnectorRefused extends InvalidInput {
  override readonly name: string = 'ConnectorRefused';
  override readonly status: number = 422;
}

/** The target database does not answer, or cannot take another connection now. */
export class DatabaseUnreachable extends TheseusError {
  override readonly name: string = 'DatabaseUnreachable';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;
}

/** The target database answered and refused the connection: password, role, database or TLS. */
export class DatabaseRefused extends TheseusError {
  override readonly name: string = 'DatabaseRefused';
  override readonly status: number = 422;
}

/** A pooler that hands a session to others between transactions stands in front of the target. */
export class DatabasePooled extends TheseusError {
  override readonly name: string = 'DatabasePooled';
  override readonly status: number = 422;
}

/** The target is a standby or refuses writes. */
export class DatabaseReadOnly extends TheseusError {
  override readonly name: string = 'DatabaseReadOnly';
  override readonly status: number = 422;
}

/** The server is of a version or kind that Theseus does not work with. */
export class DatabaseUnsupported extends TheseusError {
  override readonly name: string = 'DatabaseUnsupported';
  override readonly status: number = 422;
}

/** The role lacks rights; `evidence.grants` holds the statements that would give them. */
export class RightsMissing extends TheseusError {
  override readonly name: string = 'RightsMissing';
  override readonly status: number = 422;
}

/** The tables could not be locked within the budget; `evidence.blockers` names who held them. */
export class LockBudgetExceeded extends TheseusError {
  override readonly name: string = 'LockBudgetExceeded';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;
}

/** A newer epoch holds the fence: whoever gets this must stop without writing anything more. */
export class FenceLost extends TheseusError {
  override readonly name: string = 'FenceLost';
  override readonly status: number = 409;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Nothing: a newer execution took over, and this one stopped before it wrote anything.',
      ...details,
    });
  }
}

/** Work of the epoch before still runs in the target and did not end in time. */
export class FenceBusy extends TheseusError {
  override readonly name: string = 'FenceBusy';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Nothing: it is tried again until the work of the execution before has ended.',
      ...details,
    });
  }
}

/** The target refused a statement; `evidence` has its SQLSTATE, text and, where known, position. */
export class StatementFailed extends TheseusError {
  override readonly name: string = 'StatementFailed';
  override readonly status: number = 422;
}

/** A statement was cancelled, by its timeout or by a person. */
export class StatementCancelled extends TheseusError {
  override readonly name: string = 'StatementCancelled';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;
}

/** The target gave up a transaction because of another one: deadlock, serialization or lock wait. */
export class TransactionConflict extends TheseusError {
  override readonly name: string = 'TransactionConflict';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;
}

/** Rows break a constraint or a unique index; `evidence` names it and the first row the server saw. */
export class ConstraintViolated extends TheseusError {
  override readonly name: string = 'ConstraintViolated';
  override readonly status: number = 422;
}

/** The connection ended in the middle of something. Running it again finds out what was done. */
export class ConnectionLost extends TheseusError {
  override readonly name: string = 'ConnectionLost';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action:
        'Nothing: the next run finds out what was done. If it lasts, look for what ends idle or long connections.',
      ...details,
    });
  }
}

/** The target's disk is full. */
export class DiskFull extends TheseusError {
  override readonly name: string = 'DiskFull';
  override readonly status: number = 507;
}

/** 400: the text is not a migration file. `problems` point into the file. */
export class MigrationFileInvalid extends InvalidInput {
  override readonly name: string = 'MigrationFileInvalid';

  constructor(message: string, details: ConstructorParameters<typeof InvalidInput>[1] = {}) {
    super(message, {
      action: 'Correct what the problems point to, then plan the migration again.',
      ...details,
    });
  }
}

/** 413: the migration file is over the size limit. */
export class MigrationFileTooLarge extends PayloadTooLarge {
  override readonly name: string = 'MigrationFileTooLarge';
}

/** 400: the operation is part of the file format and not built, or not in this combination. */
export class OperationUnsupported extends InvalidInput {
  override readonly name: string = 'OperationUnsupported';
}

/** 400: two operations of one file change the same column, index or table. */
export class DuplicateOperation extends InvalidInput {
  override readonly name: string = 'DuplicateOperation';
}

export class SchemaNotFound extends InvalidInput {
  override readonly name: string = 'SchemaNotFound';
}

export class TableNotFound extends InvalidInput {
  override readonly name: string = 'TableNotFound';
}

export class TableExists extends InvalidInput {
  override readonly name: string = 'TableExists';
}

export class ColumnNotFound extends InvalidInput {
  override readonly name: string = 'ColumnNotFound';
}

export class ColumnExists extends InvalidInput {
  override readonly name: string = 'ColumnExists';

  constructor(message: string, details: ConstructorParameters<typeof InvalidInput>[1] = {}) {
    super(message, { action: 'Choose another name for the column.', ...details });
  }
}

export class IndexNotFound extends InvalidInput {
  override readonly name: string = 'IndexNotFound';
}

export class ConstraintNotFound extends InvalidInput {
  override readonly name: string = 'ConstraintNotFound';
}

/** 400: a relation, constraint or schema of this name stands already. */
export class NameTaken extends InvalidInput {
  override readonly name: string = 'NameTaken';
}

/** 400: the text is not one SQL expression over the table's columns. Evidence: expression, position (characters from 1). */
export class ExpressionInvalid extends InvalidInput {
  override readonly name: string = 'ExpressionInvalid';
}

/** 400: the text is not the name of a type. */
export class TypeInvalid extends InvalidInput {
  override readonly name: string = 'TypeInvalid';
}

/** 400: the table has rows to fill and no primary or unique key to walk along. */
export class NoUsableKey extends InvalidInput {
  override readonly name: string = 'NoUsableKey';
}

/** 400: without `up`, existing rows cannot satisfy the new version. */
export class UpRequired extends InvalidInput {
  override readonly name: string = 'UpRequired';
}

/** 400: without `down`, what new clients write cannot satisfy the old version. */
export class DownRequired extends InvalidInput {
  override readonly name: string = 'DownRequired';
}

/** A stored backup is not what was stored: nothing was restored from it. */
export class BackupDamaged extends TheseusError {
  override readonly name: string = 'BackupDamaged';
}

/** The database does not hold what a script that ends a migration by hand is made of. */
export class NotEjectable extends Conflict {
  override readonly name: string = 'NotEjectable';
}

/** 422: a copy to rehearse on cannot be made of this schema. */
export class CopyImpossible extends TheseusError {
  override readonly name: string = 'CopyImpossible';
  override readonly status: number = 422;
}

/** The log that one database needs of the other is gone: the two can only be brought together anew. */
export class ReplicationLost extends TheseusError {
  override readonly name: string = 'ReplicationLost';
}

/** One side keeps more log for the other than the migration allows; `evidence` has both figures. */
export class LagTooGreat extends TheseusError {
  override readonly name: string = 'LagTooGreat';
}

/** A hook that was to stop clients, or to send them elsewhere, did not say that it had; `evidence` has its answer. */
export class HookFailed extends TheseusError {
  override readonly name: string = 'HookFailed';
  override readonly status: number = 502;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Nothing: clients are where they were. Look at what the hook logged, and plan the move again.',
      ...details,
    });
  }
}

/** Somebody changed definitions while two databases were kept in step; `evidence.changes` names them. */
export class SchemaChanged extends TheseusError {
  override readonly name: string = 'SchemaChanged';
}
