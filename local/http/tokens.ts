import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const tokenFile = z.strictObject({
  tokens: z.array(
    z.strictObject({
      token: z.string().min(16),
      subject: z.string().min(1),
      /** As a token's groups claim, for example `theseus:operator`. */
      groups: z.array(z.string()),
    }),
  ),
});
export type LocalToken = z.infer<typeof tokenFile>['tokens'][number];

export const tokenPath = (directory: string): string => join(directory, 'token.json');

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'local'; // a container's user without an entry in the password file
  }
}

/**
 * The bearer tokens of this platform's directory. At the first start one is made for the person at the
 * keyboard, who may do everything; further ones with other groups may be added to the file by hand.
 */
export async function ensureTokens(directory: string): Promise<LocalToken[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const first: LocalToken = {
    token: randomBytes(24).toString('base64url'),
    subject: userName(),
    groups: ['theseus:administrator', 'theseus:approver'],
  };
  try {
    // Created whole or not at all: an existing file is left as it is.
    const file = await open(tokenPath(directory), 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ tokens: [first] }, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readTokens(directory);
}

/** Reads the tokens, for clients on this machine. Throws when there are none yet or the file is damaged. */
export async function readTokens(directory: string): Promise<LocalToken[]> {
  const path = tokenPath(directory);
  const parsed = tokenFile.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data.tokens;
  throw new Error(`${path} is not a token file: ${z.prettifyError(parsed.error)}`);
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The token an Authorization header carries, compared in constant time; undefined when it is none of ours. */
export function authenticate(
  tokens: readonly LocalToken[],
  header: string | undefined,
): LocalToken | undefined {
  const sent = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (sent === undefined) return undefined;
  const wanted = digest(sent);
  return tokens.filter((one) => timingSafeEqual(digest(one.token), wanted))[0];
}
