import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { flushCompileCache, syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';

/*
 * Preloaded into a real platform (`node --import die.ts cli/theseus.ts … dev`), which knows nothing of it: watches the
 * journals that the platform writes and ends the process by SIGKILL at chosen lines, once for each state and moment,
 * across restarts. Also sets the process's clock ahead, as a machine's clock can be.
 *
 * CHAOS_DEATHS    file of the deaths to die, one a line: `<state machine> <moment> <state>`. The moment `entered` is right
 *                 after a state was entered; `unrecorded`: a task's work is done and its answer not written; `failed`: the
 *                 work is done, and what is written is that the function's own process ended before it said so. Of calls to AWS
 *                 that no state machine makes: `call asked <call>` before one is made, `call answered <call>` when it is
 *                 answered and its caller has not heard of it; AppConfig's are called as they are, a write to DynamoDB
 *                 `<table>:<sort key up to its first #>`
 * CHAOS_NOTES     file of those died
 * CHAOS_STOP      the process stops itself (SIGSTOP) when it has sent these words over a socket; noted as a death `stopped`
 * CHAOS_SHIFT_MS  added to the machine's time
 * CHAOS_STATE_MACHINES  folder from which *.asl.json files are read instead, as after a deployment
 */
const { CHAOS_DEATHS: due = '', CHAOS_NOTES: notes = '', CHAOS_STOP: words = '' } = process.env;
const linesIn = (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : []);
const deaths = new Set(linesIn(due));
for (const died of linesIn(notes)) deaths.delete(died);

const shift = Number(process.env.CHAOS_SHIFT_MS ?? 0);
const realNow = Date.now;
Date.now = () => realNow() + shift;

interface Line {
  path: number[];
  event?: {
    type: string;
    id: number;
    previousEventId: number;
    stateEnteredEventDetails?: { name: string };
    taskSucceededEventDetails?: { resourceType: string; resource: string };
    taskSubmittedEventDetails?: { resourceType: string; resource: string };
  };
}
interface Watched {
  journal: string;
  /** The state each thread of the execution is in, by the thread's path. */
  inState: Map<string, string>;
}
const watched = new Map<number, Watched>();

function follow(watch: Watched, { path, event }: Line): void {
  const entered = event?.stateEnteredEventDetails?.name;
  if (entered !== undefined) watch.inState.set(path.join(), entered);
}

// What the journal holds was written by the engine, a line at a time.
const linesOf = (text: string): Line[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));

const { openSync, writeSync, closeSync } = fs;
Object.assign(fs, {
  openSync(path: fs.PathLike, flags: fs.OpenMode, mode?: fs.Mode): number {
    const descriptor = openSync(path, flags, mode);
    if (/step-functions.executions.\w+\.jsonl$/.test(String(path))) {
      const watch: Watched = { journal: String(path), inState: new Map() };
      const text = fs.readFileSync(path, 'utf8');
      for (const line of linesOf(text.slice(0, text.lastIndexOf('\n') + 1))) follow(watch, line);
      watched.set(descriptor, watch);
    }
    return descriptor;
  },
  writeSync(descriptor: number, bytes: Buffer, from: number): number {
    const watch = watched.get(descriptor);
    if (watch === undefined || deaths.size === 0) return writeSync(descriptor, bytes, from);
    const [line] = linesOf(bytes.toString('utf8', from));
    if (line !== undefined) follow(watch, line);
    const state = line === undefined ? undefined : watch.inState.get(line.path.join());
    const type = line?.event?.type ?? '';
    // A waiting task's work is what hands its token over.
    if (line && state && ['TaskSucceeded', 'TaskFailed', 'TaskSubmitted'].includes(type)) {
      dieAt(watch.journal, 'unrecorded', state);
      dieAt(watch.journal, 'failed', state, () => writeSync(descriptor, Buffer.from(failed(line))));
    }
    const written = writeSync(descriptor, bytes, from);
    if (state !== undefined && line?.event?.stateEnteredEventDetails !== undefined)
      dieAt(watch.journal, 'entered', state);
    return written;
  },
  closeSync(descriptor: number): void {
    watched.delete(descriptor);
    closeSync(descriptor);
  },
});
/** A task's answer as a line of the journal, made that of a function whose process ended: nobody retries that. */
function failed({ event, ...line }: Line): string {
  const [error, cause] = ['Runtime.ExitError', 'Runtime exited with error: signal: killed'];
  const answer = event?.taskSucceededEventDetails ?? event?.taskSubmittedEventDetails;
  return `${JSON.stringify({
    ...line,
    patch: { phase: { at: 'error', error, cause } },
    event: {
      id: event?.id,
      previousEventId: event?.previousEventId,
      type: 'TaskFailed',
      taskFailedEventDetails: { ...answer, error, cause },
    },
  })}\n`;
}

const { CHAOS_STATE_MACHINES: elsewhere = '' } = process.env;
if (elsewhere !== '') {
  // It has overloads; whatever it is called with is handed on.
  const readFile = fs.promises.readFile as (...args: unknown[]) => Promise<unknown>;
  Object.assign(fs.promises, {
    readFile(file: unknown, ...more: unknown[]): Promise<unknown> {
      const [name] = /[\w-]+\.asl\.json$/.exec(String(file)) ?? [];
      return readFile(name === undefined ? file : join(elsewhere, name), ...more);
    },
  });
}
syncBuiltinESMExports();

/** An execution is in the catalogue before it enters a state; its journal is named after its ARN. */
function machineOf(journal: string): string {
  const catalogue = join(dirname(dirname(journal)), 'catalogue.jsonl');
  const key = basename(journal, '.jsonl');
  const known = fs.readFileSync(catalogue, 'utf8').matchAll(/"arn":"([^"]+)"[^\n]*"machine":"([^"]+)"/g);
  for (const [, arn = '', machine = ''] of known)
    if (createHash('sha256').update(arn).digest('hex').startsWith(key)) return machine;
  return '?';
}

function dieAt(journal: string, moment: string, state: string, first?: () => void): void {
  dieOf(`${machineOf(journal)} ${moment} ${state}`, first);
}

function dieOf(death: string, first?: () => void): void {
  if (!deaths.has(death)) return;
  first?.();
  fs.appendFileSync(notes, `${death}\n`);
  // It is written at an orderly end only, which never comes here.
  flushCompileCache();
  process.kill(process.pid, 'SIGKILL');
}

interface Caller {
  send(command: { constructor: { name: string }; input: object }, ...more: unknown[]): Promise<unknown>;
}

function watchCalls(
  { prototype }: { prototype: object },
  nameOf: (command: string, input: object) => string,
) {
  // Its `send` has overloads; whatever it is called with is handed on.
  const client = prototype as Caller;
  const { send } = client;
  client.send = async function watched(command, ...more) {
    const name = nameOf(command.constructor.name.replace(/Command$/, ''), command.input);
    dieOf(`call asked ${name}`);
    const answer = await send.call(this, command, ...more);
    dieOf(`call answered ${name}`);
    return answer;
  };
}

if ([...deaths].some((death) => death.startsWith('call '))) {
  const { AppConfigClient } = await import('@aws-sdk/client-appconfig');
  const { DynamoDBDocumentClient } = await import('@aws-sdk/lib-dynamodb');
  watchCalls(AppConfigClient, (command) => command);
  watchCalls(DynamoDBDocumentClient, (command, input) => {
    if (command !== 'Put' || !('Item' in input) || !('TableName' in input)) return command;
    const { sk } = input.Item as { sk?: unknown };
    return `${input.TableName}:${String(sk).split('#')[0]}`;
  });
}

// Whoever started us is gone, however it ended: nobody would stop us otherwise.
process.stdin.resume().once('end', () => process.exit(1));

if (words !== '') {
  // It has overloads; whatever it is called with is handed on.
  const write = Socket.prototype.write as (this: Socket, ...args: unknown[]) => boolean;
  let stopped = false;
  Object.assign(Socket.prototype, {
    write(this: Socket, ...args: unknown[]): boolean {
      const result = write.apply(this, args);
      if (!stopped && Buffer.isBuffer(args[0]) && args[0].includes(words)) {
        stopped = true;
        fs.appendFileSync(notes, 'stopped\n');
        process.kill(process.pid, 'SIGSTOP');
      }
      return result;
    },
  });
}
