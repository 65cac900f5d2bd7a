// What a document says, before it is written as Markdown or HTML.

/** A piece of a line: a text as it is, or code, or a link. */
export type Inline = string | { code: string } | { strong: string } | { link: string; text: string };
export type Line = readonly Inline[];

export type Block =
  | { kind: 'heading'; level: 2 | 3 | 4; text: Line }
  | { kind: 'paragraph'; text: Line }
  | { kind: 'list'; ordered?: boolean; items: readonly Line[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'table'; head: readonly string[]; rows: readonly (readonly Line[])[] };

export interface Document {
  title: string;
  blocks: readonly Block[];
}

/** Only addresses that open a page: a script is none. */
export const isAddress = (link: string): boolean => /^(https?:|[./#])/i.test(link);
