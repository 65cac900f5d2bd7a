import { NotFound } from '#platform/errors.ts';
import type { ApiRecord } from '../records.ts';
import { verdictOn } from '../registry/compare.ts';
import { descriptionOf } from '../registry/descriptions.ts';
import { compareApiVersions, versionOf } from '../registry/versions.ts';
import { changesOf } from '../transformation/stored-changes.ts';
import { changelogOf } from './changelog.ts';
import { guideOf } from './guide.ts';
import { asHtml, contentSecurityPolicy } from './writing/html.ts';
import { asMarkdown } from './writing/markdown.ts';

const written = /^(changelog|guide)(?:\.(md|html))?$/;
const pair = /^([^/]+?)\.\.([^/]+)$/;

/** A document as a path names it: `1.0.0..2.0.0` and `guide.html`. */
export interface Named {
  from: string;
  to: string;
  which: 'changelog' | 'guide';
  format: 'md' | 'html';
}

/** Reads the last two parts of a path. What has no ending is HTML for whoever asks for it. Throws NotFound. */
export function namedDocument(versions: string, name: string, accept: string | undefined): Named {
  const [, from, to] = pair.exec(versions) ?? [];
  const [, which, ending] = written.exec(name) ?? [];
  if (from === undefined || to === undefined || (which !== 'changelog' && which !== 'guide')) {
    throw new NotFound(`There is no document ${versions}/${name}`, {
      evidence: { versions, name },
      action: 'Expected a path such as 1.0.0..2.0.0/guide, changelog.md or guide.html.',
    });
  }
  const wantsHtml = /\btext\/html\b/.test(accept ?? '');
  return { from, to, which, format: ending === 'md' || (ending === undefined && !wantsHtml) ? 'md' : 'html' };
}

/** Of a chain of versions, the changes from one to a later one; none the other way round. */
async function changesBetween({ settings, versions }: ApiRecord, from: string, to: string) {
  const between = versions.filter(
    ({ version }) =>
      compareApiVersions(settings.versioning, version, from) >= 0 &&
      compareApiVersions(settings.versioning, version, to) < 0,
  );
  return (await Promise.all(between.map(changesOf))).flat();
}

export interface Written {
  status: 200;
  body: string;
  headers: Record<string, string>;
}

/**
 * Writes a document of an API anew from what is registered. It is for consumers: who uses what, none of them is told.
 * `open`: it is read without a token. Throws NotFound.
 */
export async function readDocument(
  api: ApiRecord,
  { from, to, which, format }: Named,
  { open }: { open: boolean },
): Promise<Written> {
  const { kind } = api.settings;
  const [older, newer] = [versionOf(api, from), versionOf(api, to)];
  const [old, next] = [await descriptionOf(older, kind), await descriptionOf(newer, kind)];
  const verdict = verdictOn(api, old, next, null);
  const versions = { api: api.id, from, to };
  const document =
    which === 'changelog'
      ? changelogOf(versions, verdict)
      : guideOf({
          ...versions,
          settings: api.settings,
          deprecation: older.deprecation,
          old,
          next,
          verdict,
          changes: await changesBetween(api, from, to),
        });
  const html = format === 'html';
  return {
    status: 200,
    body: html ? asHtml(document) : asMarkdown(document),
    headers: {
      'content-type': html ? 'text/html; charset=utf-8' : 'text/markdown; charset=utf-8',
      vary: 'Accept',
      ...(html ? { 'content-security-policy': contentSecurityPolicy } : {}),
      ...(open ? { 'cache-control': 'public, max-age=300' } : {}),
    },
  };
}
