import { Command, CommanderError } from 'commander';
import { databaseAdd } from './database/add.ts';
import { databaseList } from './database/list.ts';
import { databaseRemove } from './database/remove.ts';
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { exitCode, Failure } from './failure.ts';
import { migrationActions } from './migration/actions.ts';
import { migrationEvents } from './migration/events.ts';
import { migrationList } from './migration/list.ts';
import { migrationPlan } from './migration/plan.ts';
import { migrationShow } from './migration/show.ts';
import { migrationStart } from './migration/start.ts';
import { migrationUndo } from './migration/undo.ts';
import { migrationWatch } from './migration/watch.ts';
import { colours, printJson } from './output.ts';

const program = new Command('theseus')
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

const database = new Command('database').description('Databases that Theseus may change');
for (const verb of [databaseAdd, databaseList, databaseRemove]) database.addCommand(verb());
const migration = new Command('migration').description('Changes of a database schema under live traffic');
for (const verb of [
  migrationPlan,
  migrationStart,
  migrationWatch,
  migrationShow,
  migrationList,
  migrationEvents,
  ...migrationActions,
  migrationUndo,
]) {
  migration.addCommand(verb());
}
program.addCommand(dev()).addCommand(demo()).addCommand(database).addCommand(migration);

/** Errors and --json: a script reads one JSON object on standard error. */
function report(failure: Failure): void {
  if (process.argv.includes('--json')) {
    const problem = failure.problem ?? {
      title: failure.message,
      action: failure.action,
      errors: failure.details,
    };
    process.stderr.write(`${JSON.stringify(problem)}\n`);
    return;
  }
  process.stderr.write(`${colours.red(failure.message)}\n`);
  for (const detail of failure.details) process.stderr.write(`  ${detail}\n`);
  if (failure.action) process.stderr.write(`${failure.action}\n`);
}

for (const command of [program, database, migration, ...database.commands, ...migration.commands])
  command.exitOverride();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage;
  else if (error instanceof Failure) {
    report(error);
    process.exitCode = error.code;
  } else {
    const message = error instanceof Error ? error.message : String(error);
    if (process.argv.includes('--json')) printJson({ title: message });
    else process.stderr.write(`${colours.red(`This is a defect of Theseus: ${message}`)}\n`);
    if (process.env.THESEUS_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    else process.stderr.write('Set THESEUS_DEBUG=1 to see where.\n');
    process.exitCode = exitCode.defect;
  }
}
