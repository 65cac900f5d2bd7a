const secretKey =
  /^(password|passphrase|secret|secretstring|token|tasktoken|authorization|cookie|url|connection_?string|dsn|apikey|api_key|accesskey|privatekey)$/i;

/** Whether a field of this name is never written to a log. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key.replaceAll(/[-\s]/g, ''));
}

/** The text with the password of every URL in it and every `password=…` replaced by stars. */
export function redactText(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi, '$1:***@')
    .replaceAll(/\b(password\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi, '$1***');
}

/** JSON.stringify replacer: secret fields become stars, texts lose passwords, bigints become strings. */
export function redactingReplacer(key: string, value: unknown): unknown {
  if (isSecretKey(key) && value !== undefined && value !== null) return '***';
  if (typeof value === 'string') return redactText(value);
  return typeof value === 'bigint' ? value.toString() : value;
}
