import { Command } from 'commander';
import { alertList } from './alert/list.ts';
import { alertRuleAdd } from './alert-rule/add.ts';
import { alertRuleChange } from './alert-rule/change.ts';
import { alertRuleList } from './alert-rule/list.ts';
import { alertRuleRemove } from './alert-rule/remove.ts';
import { auditList } from './audit/list.ts';
import { backupList } from './backup/list.ts';
import { backupRestore } from './backup/restore.ts';
import { backupDelete, backupKeep } from './backup/retention.ts';
import { backupShow } from './backup/show.ts';
import { backupVerify } from './backup/verify.ts';
import { connectorAdd } from './connector/add.ts';
import { connectorList } from './connector/list.ts';
import { connectorRemove } from './connector/remove.ts';
import { connectorShow } from './connector/show.ts';
import { connectorUpdate } from './connector/update.ts';
import { databaseAdd } from './database/add.ts';
import { databaseDiff } from './database/diff.ts';
import { databaseBaseline, databaseDrift } from './database/drift.ts';
import { databaseLabel } from './database/label.ts';
import { databaseList } from './database/list.ts';
import { databasePath } from './database/path.ts';
import { databaseRemove } from './database/remove.ts';
import { databaseVersions } from './database/versions.ts';
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { fleetActions } from './fleet/actions.ts';
import { fleetPlan } from './fleet/plan.ts';
import { fleetList, fleetShow, fleetTargets } from './fleet/read.ts';
import { fleetReport } from './fleet/report.ts';
import { migrationActions } from './migration/actions.ts';
import { migrationEject } from './migration/eject.ts';
import { migrationErrors, migrationRedrive } from './migration/errors.ts';
import { fleetEvents, migrationEvents } from './migration/events.ts';
import { migrationImport } from './migration/import.ts';
import { migrationLint } from './migration/lint.ts';
import { migrationList } from './migration/list.ts';
import { migrationPlan } from './migration/plan.ts';
import { migrationRehearse } from './migration/rehearse.ts';
import { migrationRewrite } from './migration/rewrite.ts';
import { migrationShow } from './migration/show.ts';
import { migrationStart } from './migration/start.ts';
import { migrationUndo } from './migration/undo.ts';
import { migrationWatch } from './migration/watch.ts';
import { permissionOpen, permissionRestrict, permissionRevoke } from './permission/change.ts';
import { permissionGrant } from './permission/grant.ts';
import { permissionList, permissionMine, permissionShow } from './permission/list.ts';
import { slackConnect, slackDisconnect } from './slack/app.ts';
import { slackUser } from './slack/user.ts';
import { webhookAdd } from './webhook/add.ts';
import { webhookChange, webhookRemove, webhookRotate } from './webhook/change.ts';
import { webhookDeliveries, webhookList, webhookShow } from './webhook/read.ts';
import { webhookResend, webhookTest } from './webhook/send.ts';

/** The command line as a whole: every noun, verb and option. Nothing runs until it parses. */
export const program = new Command('theseus')
  .description('Changes every part of a running platform without stopping it.')
  .option(
    '--directory <path>',
    'data of the platform on this machine (default: .theseus, or THESEUS_DIRECTORY)',
  )
  .showHelpAfterError('Run it with --help to see what it takes.')
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 a defect of ours, 2 wrong usage, 3 refused, 4 the migration failed or was rolled back,
            5 the platform or database cannot be reached, 6 not allowed`,
  );

const connector = new Command('connector').description(
  'Functions beside databases, through which they are reached',
);
for (const verb of [connectorAdd, connectorUpdate, connectorList, connectorShow, connectorRemove]) {
  connector.addCommand(verb());
}
const database = new Command('database').description('Databases that Theseus may change');
for (const verb of [
  databaseAdd,
  databaseList,
  databaseLabel,
  databaseRemove,
  databaseVersions,
  databaseDiff,
  databasePath,
  databaseDrift,
  databaseBaseline,
]) {
  database.addCommand(verb());
}
const migration = new Command('migration').description('Changes of a database schema under live traffic');
for (const verb of [
  migrationLint,
  migrationRewrite,
  migrationPlan,
  migrationRehearse,
  migrationStart,
  migrationWatch,
  migrationShow,
  migrationList,
  migrationEvents,
  migrationErrors,
  migrationRedrive,
  ...migrationActions,
  migrationUndo,
  migrationEject,
  migrationImport,
]) {
  migration.addCommand(verb());
}
const fleet = new Command('fleet').description('One migration over many databases and schemas');
for (const verb of [
  fleetPlan,
  fleetList,
  fleetShow,
  fleetTargets,
  fleetEvents,
  ...fleetActions,
  fleetReport,
]) {
  fleet.addCommand(verb());
}
migration.addCommand(fleet);
const backup = new Command('backup').description('Rows that migrations kept before they went away');
for (const verb of [backupList, backupShow, backupVerify, backupRestore, backupKeep, backupDelete]) {
  backup.addCommand(verb());
}
const alert = new Command('alert').description('What alert rules found on running migrations');
alert.addCommand(alertList());
const alertRule = new Command('alert-rule').description('What is watched of migrations, and when it alerts');
for (const verb of [alertRuleAdd, alertRuleChange, alertRuleList, alertRuleRemove])
  alertRule.addCommand(verb());
const permission = new Command('permission').description('Who may do what, besides what roles give');
for (const verb of [
  permissionGrant,
  permissionList,
  permissionShow,
  permissionMine,
  permissionRevoke,
  permissionRestrict,
  permissionOpen,
]) {
  permission.addCommand(verb());
}
const audit = new Command('audit').description('Who changed what');
audit.addCommand(auditList());
const webhook = new Command('webhook').description('Where events are sent');
for (const verb of [
  webhookAdd,
  webhookList,
  webhookShow,
  webhookChange,
  webhookTest,
  webhookDeliveries,
  webhookResend,
  webhookRotate,
  webhookRemove,
]) {
  webhook.addCommand(verb());
}
const slack = new Command('slack').description('Buttons in Slack, and who presses them');
for (const verb of [slackConnect, slackDisconnect, slackUser]) slack.addCommand(verb());
program.addCommand(dev()).addCommand(demo()).addCommand(connector).addCommand(database);
program.addCommand(migration).addCommand(backup).addCommand(alert).addCommand(alertRule);
program.addCommand(permission).addCommand(audit);
program.addCommand(webhook).addCommand(slack);
