import type { Rule } from './rule.ts';
import { addingAutoIncrementingColumn } from './rules/adding-auto-incrementing-column.ts';
import { addingEnumValueInTransaction } from './rules/adding-enum-value-in-transaction.ts';
import { addingExclusionConstraint } from './rules/adding-exclusion-constraint.ts';
import { addingFieldWithDefault } from './rules/adding-field-with-default.ts';
import { addingForeignKeyConstraint } from './rules/adding-foreign-key-constraint.ts';
import { addingNotNullableField } from './rules/adding-not-nullable-field.ts';
import { addingPrimaryKeyConstraint } from './rules/adding-primary-key-constraint.ts';
import { addingRequiredField } from './rules/adding-required-field.ts';
import { addingStoredGeneratedColumn } from './rules/adding-stored-generated-column.ts';
import { attachingPartition } from './rules/attaching-partition.ts';
import { banAlterDomainWithAddConstraint } from './rules/ban-alter-domain-with-add-constraint.ts';
import { banCharField } from './rules/ban-char-field.ts';
import { banConcurrentIndexCreationInTransaction } from './rules/ban-concurrent-index-creation-in-transaction.ts';
import { banCreateDomainWithConstraint } from './rules/ban-create-domain-with-constraint.ts';
import { banDisableTrigger } from './rules/ban-disable-trigger.ts';
import { banDropCascade } from './rules/ban-drop-cascade.ts';
import { banDropColumn } from './rules/ban-drop-column.ts';
import { banDropConstraint } from './rules/ban-drop-constraint.ts';
import { banDropDatabase } from './rules/ban-drop-database.ts';
import { banDropNotNull } from './rules/ban-drop-not-null.ts';
import { banDropObject } from './rules/ban-drop-object.ts';
import { banDropSchema } from './rules/ban-drop-schema.ts';
import { banDropTable } from './rules/ban-drop-table.ts';
import { banTruncateCascade } from './rules/ban-truncate-cascade.ts';
import { banUncommittedTransaction } from './rules/ban-uncommitted-transaction.ts';
import { changingColumnType } from './rules/changing-column-type.ts';
import { constraintMissingNotValid } from './rules/constraint-missing-not-valid.ts';
import { disallowedUniqueConstraint } from './rules/disallowed-unique-constraint.ts';
import { identifierTooLong } from './rules/identifier-too-long.ts';
import { lockHeldOverSlowWork } from './rules/lock-held-over-slow-work.ts';
import { lockingSeveralTables } from './rules/locking-several-tables.ts';
import { lockingTable } from './rules/locking-table.ts';
import { migrationFileInvalid } from './rules/migration-file-invalid.ts';
import { opaqueStatement } from './rules/opaque-statement.ts';
import { preferBigintOverInt } from './rules/prefer-bigint-over-int.ts';
import { preferBigintOverSmallint } from './rules/prefer-bigint-over-smallint.ts';
import { preferIdentity } from './rules/prefer-identity.ts';
import { preferJsonb } from './rules/prefer-jsonb.ts';
import { preferRepack } from './rules/prefer-repack.ts';
import { preferRobustStmts } from './rules/prefer-robust-stmts.ts';
import { preferTextField } from './rules/prefer-text-field.ts';
import { preferTimestamptz } from './rules/prefer-timestamptz.ts';
import { renamingColumn } from './rules/renaming-column.ts';
import { renamingObject } from './rules/renaming-object.ts';
import { renamingTable } from './rules/renaming-table.ts';
import { requireConcurrentIndexCreation } from './rules/require-concurrent-index-creation.ts';
import { requireConcurrentIndexDeletion } from './rules/require-concurrent-index-deletion.ts';
import { requireConcurrentMatviewRefresh } from './rules/require-concurrent-matview-refresh.ts';
import { requireConcurrentPartitionDetach } from './rules/require-concurrent-partition-detach.ts';
import { requireConcurrentReindex } from './rules/require-concurrent-reindex.ts';
import { requireEnumValueOrdering } from './rules/require-enum-value-ordering.ts';
import { requireTimeoutSettings } from './rules/require-timeout-settings.ts';
import { rewritingTable } from './rules/rewriting-table.ts';
import { suppressionWithoutReason } from './rules/suppression-without-reason.ts';
import { syntaxError } from './rules/syntax-error.ts';
import { transactionNesting } from './rules/transaction-nesting.ts';
import { unboundedDataChange } from './rules/unbounded-data-change.ts';
import { unusedSuppression } from './rules/unused-suppression.ts';
import { validatingInSameTransaction } from './rules/validating-in-same-transaction.ts';
import { wideIndex } from './rules/wide-index.ts';

/** Every rule, in the order in which they are explained: locks first, then what breaks clients, then transactions, then taste. */
export const rules: readonly Rule[] = [
  syntaxError,
  migrationFileInvalid,
  requireConcurrentIndexCreation,
  requireConcurrentIndexDeletion,
  requireConcurrentReindex,
  requireConcurrentMatviewRefresh,
  requireConcurrentPartitionDetach,
  banConcurrentIndexCreationInTransaction,
  addingForeignKeyConstraint,
  constraintMissingNotValid,
  validatingInSameTransaction,
  disallowedUniqueConstraint,
  addingPrimaryKeyConstraint,
  addingExclusionConstraint,
  addingNotNullableField,
  addingRequiredField,
  addingFieldWithDefault,
  addingStoredGeneratedColumn,
  addingAutoIncrementingColumn,
  changingColumnType,
  rewritingTable,
  preferRepack,
  attachingPartition,
  renamingColumn,
  renamingTable,
  renamingObject,
  banDropColumn,
  banDropTable,
  banDropConstraint,
  banDropNotNull,
  banDropObject,
  banDropSchema,
  banDropDatabase,
  banDropCascade,
  banTruncateCascade,
  banAlterDomainWithAddConstraint,
  banCreateDomainWithConstraint,
  banDisableTrigger,
  lockingTable,
  lockingSeveralTables,
  lockHeldOverSlowWork,
  requireTimeoutSettings,
  unboundedDataChange,
  opaqueStatement,
  banUncommittedTransaction,
  transactionNesting,
  addingEnumValueInTransaction,
  requireEnumValueOrdering,
  identifierTooLong,
  banCharField,
  preferBigintOverInt,
  preferBigintOverSmallint,
  preferIdentity,
  preferJsonb,
  preferTextField,
  preferTimestamptz,
  preferRobustStmts,
  wideIndex,
  suppressionWithoutReason,
  unusedSuppression,
];

/** Rules by their id and by other tools' names for them. */
export const ruleById: ReadonlyMap<string, Rule> = new Map(
  rules.flatMap((rule) => [rule.id, ...(rule.aliases ?? [])].map((name) => [name, rule] as const)),
);
