import { describe, expect, it } from 'vitest';
import { connectionStringOf } from './target.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:1:secret:shop';

describe('the secret of a database', () => {
  it('is a URL, taken as it is', () => {
    expect(connectionStringOf(arn, 'postgresql://u:p@h:1/d')).toBe('postgresql://u:p@h:1/d');
  });

  it('is what RDS keeps: every part is escaped, and TLS is verified', () => {
    const secret = {
      engine: 'postgres',
      host: 'h',
      port: '6432',
      username: 'u@x',
      password: 'a/b:c',
      dbname: 'd e',
    };
    const url = new URL(connectionStringOf(arn, JSON.stringify(secret)));
    expect(decodeURIComponent(url.username)).toBe('u@x');
    expect(decodeURIComponent(url.password)).toBe('a/b:c');
    expect(url).toMatchObject({ host: 'h:6432', pathname: '/d%20e', search: '?sslmode=verify-full' });
  });

  it('that is neither is refused without being quoted', () => {
    for (const text of ['', 'hunter2', '{"host": "h", "password": "hunter2"}']) {
      try {
        connectionStringOf(arn, text);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ name: 'SecretInvalid', evidence: { secretArn: arn } });
        expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
      }
    }
  });
});
