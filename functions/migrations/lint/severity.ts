// Apart from the schemas: the linter needs these at once, and zod only for what others send.

export const severities = ['error', 'warning', 'info'] as const;

type Severity = (typeof severities)[number];
const rank = (severity: Severity): number => severities.indexOf(severity);
/** Whether `severity` is `least` or worse. */
export const atLeast = (severity: Severity, least: Severity): boolean => rank(severity) <= rank(least);
