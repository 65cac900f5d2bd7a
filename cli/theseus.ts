import { type Command, CommanderError } from 'commander';
import { exitCode, Failure } from './failure.ts';
import { asTyped, colours } from './output.ts';
import { programFor } from './program.ts';

/** Errors and --json: a script reads one JSON object on standard error. */
function report(failure: Failure): void {
  if (process.argv.includes('--json')) {
    const problem = failure.problem ?? {
      title: failure.message,
      action: failure.action,
      errors: failure.details.map((detail) => ({ pointer: '', detail })),
    };
    process.stderr.write(`${JSON.stringify(problem)}\n`);
    return;
  }
  process.stderr.write(`${colours.red(failure.message)}\n`);
  for (const detail of failure.details) process.stderr.write(`  ${detail}\n`);
  if (failure.action) process.stderr.write(`${asTyped(failure.action)}\n`);
}

const endByError = (command: Command): void => {
  command.exitOverride();
  for (const inner of command.commands) endByError(inner);
};
// `theseus … | head`: the reader has what it wanted, and there is nobody left to print for.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
try {
  const program = await programFor(process.argv.slice(2));
  endByError(program);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage;
  else if (error instanceof Failure) {
    report(error);
    process.exitCode = error.code;
  } else {
    const message = error instanceof Error ? error.message : String(error);
    const traced = process.env.THESEUS_DEBUG && error instanceof Error ? error.stack : undefined;
    if (process.argv.includes('--json'))
      process.stderr.write(`${JSON.stringify({ title: message, trace: traced })}\n`);
    else {
      process.stderr.write(`${colours.red(`This is a defect of Theseus: ${message}`)}\n`);
      process.stderr.write(`${traced ?? 'Set THESEUS_DEBUG=1 to see where.'}\n`);
    }
    process.exitCode = exitCode.defect;
  }
}
