import type { About } from './access.ts';
import type { AuditStore } from './audit.ts';
import type { AuditEntry, AuditOutcome } from './audit-entry.ts';
import { clock } from './clock.ts';
import { ServiceUnavailable } from './errors.ts';
import { redactText } from './redact.ts';
import { type HttpEvent, headerOf } from './request.ts';
import type { Route } from './route.ts';
import type { InvocationLogger, InvocationMetrics } from './telemetry.ts';

const longest = 500;
const cut = (text: string): string => redactText(text).slice(0, longest);

/** The path of the thing, up to its last name: `/migrations/mig_1` of `/migrations/mig_1/start`. */
function resourceOf(route: Route, path: string): string {
  const named = route.path.split('/').findLastIndex((part) => part.startsWith('{'));
  return cut(
    path
      .split('/')
      .slice(0, named === -1 ? undefined : named + 1)
      .join('/'),
  );
}

/** Why, as the caller said: bodies call it a reason, a comment or why. Nothing else of a body is kept. */
function reasonOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const said = ['breakGlass', 'reason', 'comment', 'why'].flatMap((name) => {
    const value: unknown = Reflect.get(body, name);
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
  return said.length === 0 ? null : cut(said.join('; '));
}

export interface Trail {
  /** A route that changes state was found. Until then, and for all other routes, nothing is written. */
  opens(route: Route, path: string): void;
  calls(subject: string): void;
  /** The request may run. It is written down first. Throws ServiceUnavailable when that fails. */
  begins(about: About, body: unknown): Promise<void>;
  /** The answer is about to leave. */
  ends(answer: { status: number; error: string | null; location?: string | undefined }): Promise<void>;
}

function outcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'done';
  if (status === 401 || status === 403) return 'refused';
  return status < 500 ? 'rejected' : 'failed';
}

/** The entry of one request in the audit trail, from its first refusal or its beginning to its answer. */
export function trailOf(
  store: () => AuditStore,
  event: HttpEvent,
  logger: InvocationLogger,
  metrics: InvocationMetrics,
): Trail {
  const { requestId, timeEpoch = clock.now(), http } = event.requestContext;
  let entry: AuditEntry | undefined;
  let begun = false;

  return {
    opens(route, path) {
      entry = {
        id: requestId,
        at: new Date(timeEpoch).toISOString(),
        subject: null,
        action: route.needs.action,
        call: `${route.method} ${route.path}`,
        resource: resourceOf(route, path),
        database: null,
        outcome: 'begun',
        status: null,
        error: null,
        reason: null,
        sourceIp: http.sourceIp ?? null,
        userAgent: cut(http.userAgent ?? headerOf(event, 'user-agent') ?? '') || null,
        count: 1,
      };
    },
    calls(subject) {
      if (entry !== undefined) entry = { ...entry, subject };
    },
    async begins({ database, action = entry?.action ?? '' }, body) {
      if (entry === undefined) return;
      entry = { ...entry, action, database: database ?? null, reason: reasonOf(body) };
      try {
        await store().begin(entry);
      } catch (cause) {
        metrics.count('AuditFailed');
        throw new ServiceUnavailable('The audit trail cannot be written, and nothing was done', {
          action: 'Repeat the request in a few seconds.',
          cause,
        });
      }
      begun = true;
    },
    async ends({ status, error, location }) {
      if (entry === undefined) return;
      const ended = { ...entry, status, error, outcome: outcomeOf(status) };
      try {
        if (begun) await store().end({ ...ended, resource: location ?? ended.resource });
        else await store().turnedAway(ended);
      } catch (failure) {
        // What was begun stands in the trail as begun; a refusal changed nothing.
        metrics.count('AuditFailed');
        logger.error('audit entry not ended', failure instanceof Error ? failure : String(failure));
      }
    },
  };
}
