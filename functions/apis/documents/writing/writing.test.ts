import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from './document.ts';
import { asHtml } from './html.ts';
import { asMarkdown } from './markdown.ts';

const nasty = '<script>alert(1)</script> [x](javascript:1) `a|b` *b* & "c"';
const document: Document = {
  title: nasty,
  blocks: [
    { kind: 'heading', level: 2, text: [nasty] },
    { kind: 'paragraph', text: [nasty, { code: nasty }, { strong: nasty }] },
    { kind: 'paragraph', text: [{ link: 'javascript:alert(1)', text: nasty }] },
    { kind: 'list', items: [[nasty]] },
    { kind: 'code', language: 'json', text: `\`\`\`\n${nasty}` },
    { kind: 'table', head: [nasty], rows: [[[{ code: nasty }]]] },
  ],
};

describe('HTML', () => {
  it('has no markup that came with the texts, and no script', () => {
    const html = asHtml(document);
    expect(html).not.toMatch(/<script|href="javascript/i);
    const tags = new Set([...html.matchAll(/<([a-z][a-z0-9]*)/g)].map(([, tag]) => tag));
    expect([...tags].filter((tag) => tag === 'script' || tag === 'img')).toEqual([]);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('keeps every text inside of its element', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const html = asHtml({ title: 'x', blocks: [{ kind: 'paragraph', text: [text, { code: text }] }] });
        const inside = /<p>([\s\S]*)<code>([\s\S]*)<\/code><\/p>\n<\/main>/.exec(html);
        expect(inside?.[1]).toBe(inside?.[2]);
        expect(inside?.[1]).not.toMatch(/[<>"]/);
      }),
      { numRuns: 30 },
    );
  });
});

describe('Markdown', () => {
  it('escapes what would be markup, and fences code with more backticks than it has', () => {
    const markdown = asMarkdown(document);
    const withoutCode = markdown.replaceAll(/(`+)[^`][\s\S]*?[^`]\1(?!`)/g, '');
    expect(withoutCode).not.toMatch(/(?<!\\)\]\(javascript/);
    expect(withoutCode).not.toMatch(/(?<!\\)<script/);
    expect(markdown).toContain('````json\n```\n');
    expect(markdown).toContain('\\[x\\](javascript:1)');
    expect(markdown).toContain('``<script>alert(1)</script> [x](javascript:1) `a\\|b` *b* & "c"``');
  });

  it('writes lists, links and tables as they are meant', () => {
    const text = asMarkdown({
      title: 'Orders',
      blocks: [
        { kind: 'list', ordered: true, items: [['One'], [{ link: 'https://a.test/(b)', text: 'two' }]] },
        { kind: 'table', head: ['A', 'B'], rows: [[['1'], [{ code: 'x' }]]] },
      ],
    });
    expect(text).toBe(
      '# Orders\n\n1. One\n2. [two](https://a.test/%28b%29)\n\n| A | B |\n| --- | --- |\n| 1 | `x` |\n',
    );
  });
});
