import { type Block, type Document, type Inline, isAddress, type Line } from './document.ts';

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text that is nothing but a text in HTML and XML, in attributes, too. */
export const escapeHtml = (text: string): string =>
  text
    // XML has no other control characters, not even as references.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what goes
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd')
    .replaceAll(/[&<>"']/g, (one) => entities[one] ?? one);

function inline(part: Inline): string {
  if (typeof part === 'string') return escapeHtml(part);
  if ('code' in part) return `<code>${escapeHtml(part.code)}</code>`;
  if ('strong' in part) return `<strong>${escapeHtml(part.strong)}</strong>`;
  if (!isAddress(part.link)) return escapeHtml(part.text);
  return `<a href="${escapeHtml(part.link)}" rel="noreferrer">${escapeHtml(part.text)}</a>`;
}

const line = (parts: Line): string => parts.map(inline).join('');

function block(one: Block): string {
  if (one.kind === 'heading') return `<h${one.level}>${line(one.text)}</h${one.level}>`;
  if (one.kind === 'paragraph') return `<p>${line(one.text)}</p>`;
  if (one.kind === 'list') {
    const tag = one.ordered ? 'ol' : 'ul';
    return `<${tag}>\n${one.items.map((item) => `<li>${line(item)}</li>`).join('\n')}\n</${tag}>`;
  }
  if (one.kind === 'code') return `<pre><code>${escapeHtml(one.text)}</code></pre>`;
  const head = one.head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('');
  const rows = one.rows.map((row) => `<tr>${row.map((cell) => `<td>${line(cell)}</td>`).join('')}</tr>`);
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`;
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:50rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
pre{overflow-x:auto;padding:.75rem;border:1px solid #8886;border-radius:.4rem}
code{font:.9em ui-monospace,monospace}
table{border-collapse:collapse}th,td{border:1px solid #8886;padding:.25rem .6rem;text-align:left}`;

/** What a page of ours may do: be read. No script runs, whatever got into it. */
export const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A document as a page of HTML that stands by itself. Texts of others stay texts; there is no script. */
export const asHtml = ({ title, blocks }: Document): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${blocks.map(block).join('\n')}
</main>
</body>
</html>
`;
