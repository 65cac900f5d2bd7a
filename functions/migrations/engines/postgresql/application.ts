import type { Session } from './connection.ts';

/** Statements watched, the most called first, and calls that make a statement's own mean worth knowing. */
const MOST_STATEMENTS = 200;
const FEWEST_CALLS = 20;
/** Calls that a look must rest on; of fewer, the next look tells. */
const CALLS_A_LOOK = 50;
/** In a control window, which is short, fewer must do. */
const CALLS_A_CONTROL = 20;

/** What the application's statements take on the server, mean of all calls since the last look, ms. */
export interface ApplicationLatency {
  meanMs: number;
  /** What the same calls would have taken before the backfill. */
  usualMs: number;
  calls: number;
}

export interface Application {
  /**
   * What came since the last look that told something; null: too little. A `control` look ends a time in which nothing
   * of ours ran, and what it sees is the new usual.
   */
  look(control: boolean): Promise<ApplicationLatency | null>;
  /** Forgets what came until now, so that the next look speaks of what comes after. */
  begin(): Promise<void>;
}

interface Counted {
  id: string;
  calls: number;
  ms: number;
}

/** Ours are marked so that they can be told from the application's. */
export const OURS = '/* theseus */';

/**
 * Watches what pg_stat_statements says of the application: the statements of this database that were called most so
 * far, Theseus' own left out. Each is held against its own mean, so that another mix of statements is not taken for
 * another latency. Null where the extension is missing or shows nothing, which includes statements of other roles to a
 * role without pg_read_all_stats.
 */
export async function watchApplication(session: Session): Promise<Application | null> {
  try {
    const { rows: where } = await session.query<{ source: string }>(
      `SELECT format('%I.pg_stat_statements', n.nspname) AS source FROM pg_extension e
       JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`,
    );
    const source = where[0]?.source;
    if (source === undefined) return null;
    const first = await session.query<Counted>(
      `SELECT queryid::text AS id, sum(calls)::float8 AS calls, sum(total_exec_time)::float8 AS ms
       FROM ${source} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND toplevel AND query ~* '^\\s*(select|insert|update|delete|merge|with)\\M'
         AND query !~ '(theseus\\.|/\\* theseus \\*/|pg_catalog\\.|pg_stat_)'
       GROUP BY queryid HAVING sum(calls) >= $1 ORDER BY sum(calls) DESC LIMIT $2`,
      [FEWEST_CALLS, MOST_STATEMENTS],
    );
    if (first.rows.length === 0) return null;
    return watching(session, source, first.rows);
  } catch {
    // A server that lost its library, an older form of the view, a refusal: then it cannot be seen.
    return null;
  }
}

function watching(session: Session, source: string, first: Counted[]): Application {
  const usual = new Map(first.map(({ id, calls, ms }) => [id, ms / calls]));
  const ids = [...usual.keys()];
  /** The server as a whole is this many times slower or faster today than its statements' means say. */
  let today = 1;
  let before = new Map(first.map((counted) => [counted.id, counted]));

  // Without texts, which the server would have to read from a file.
  const read = async () => {
    const { rows } = await session.client.query<Counted>({
      name: 'theseus application',
      text: `SELECT ${OURS} queryid::text AS id, sum(calls)::float8 AS calls, sum(total_exec_time)::float8 AS ms
        FROM ${source}(false) WHERE toplevel AND queryid = ANY ($1::bigint[])
          AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY queryid`,
      values: [ids],
    });
    return new Map(rows.map((counted) => [counted.id, counted]));
  };

  return {
    async begin() {
      before = await read();
    },
    async look(control) {
      const now = await read();
      let calls = 0;
      let ms = 0;
      let expectedMs = 0;
      for (const [id, counted] of now) {
        const former = before.get(id);
        // Statistics that were reset begin again from nothing.
        if (former === undefined || counted.calls <= former.calls) continue;
        calls += counted.calls - former.calls;
        ms += counted.ms - former.ms;
        expectedMs += (counted.calls - former.calls) * (usual.get(id) ?? 0);
      }
      if (control) {
        before = now;
        if (calls >= CALLS_A_CONTROL && expectedMs > 0) today = ms / expectedMs;
        return null;
      }
      if (calls < CALLS_A_LOOK) {
        if (now.size < before.size || calls === 0) before = now;
        return null;
      }
      before = now;
      return { meanMs: ms / calls, usualMs: (expectedMs / calls) * today, calls };
    },
  };
}
