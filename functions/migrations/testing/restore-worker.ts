import process from 'node:process';
import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { openPostgres } from '../engines/postgresql/engine.ts';

/*
 * A worker of its own that restores staged rows and is killed in a chunk: `before` its commit, or `after` the commit of
 * the second, whose answer it has and tells nobody. Arguments: connection string, what was staged as JSON, the moment.
 */
const [url = '', staged = '', moment] = process.argv.slice(2);
const die = () => process.kill(process.pid, 'SIGKILL');

const query = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown;
let chunks = 0;
Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]): unknown {
    const [text] = args;
    // The chunk is done, and its transaction open.
    if (typeof text === 'string' && /^DELETE FROM .*old_/.test(text)) chunks += 1;
    if (moment === 'before' && chunks === 1 && text === 'COMMIT') die();
    const answer = query.apply(this, args);
    if (moment === 'after' && chunks === 2 && text === 'COMMIT') void Promise.resolve(answer).then(die);
    return answer;
  },
});

const engine = await openPostgres(url, { applicationName: 'theseus:test' });
const options = { signal: new AbortController().signal, until: clock.now() + 60_000 };
await engine.restoreStaged(JSON.parse(staged), { migration: 'mig_1', epoch: 1 }, options);
