import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { workflowDocuments } from '../../bin/workflow-documents.ts';

it('docs/workflows says what the state machines say; `node bin/workflow-documents.ts` writes it', async () => {
  const documents = await workflowDocuments();
  expect(documents.size).toBeGreaterThan(3);
  for (const [name, text] of documents) {
    const written = await readFile(new URL(`../../docs/workflows/${name}`, import.meta.url), 'utf8');
    expect(written, name).toBe(text);
  }
});
