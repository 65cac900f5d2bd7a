import { ConsentMissing } from '../errors.ts';
import type { MigrationRecord } from '../records.ts';

/** Notes that need consent are consented to by their code. Throws ConsentMissing. */
export function assertConsents(record: Pick<MigrationRecord, 'plan'>, consents: readonly string[]): void {
  const missing = (record.plan?.notes ?? []).filter(
    ({ code, severity }) => severity === 'consent' && !consents.includes(code),
  );
  if (missing.length === 0) return;
  const codes = [...new Set(missing.map(({ code }) => code))];
  throw new ConsentMissing(`The plan needs your consent to: ${codes.join(', ')}`, {
    evidence: { missing: missing.map(({ code, text }) => ({ code, text })) },
    action: `Start with consents: ${codes.map((code) => `--consent ${code}`).join(' ')}`,
  });
}
