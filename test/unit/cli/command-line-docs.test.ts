import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandLineDocs } from '../../../scripts/command-line/docs.js';

test('docs/command-line.md is what scripts/command-line.ts would write', () => {
  const written = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8');
  expect(written).toBe(commandLineDocs());
});
