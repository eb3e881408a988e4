import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RULES } from './rules.js';

test('every rule has its tests', () => {
  const folder = import.meta.dirname;
  const text = readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const tested = [...text.matchAll(/^(?:rule|plantRule)\(\s*'([A-Z]\d\d)'/gm)].map(([, id]) => id).sort();
  expect(tested).toEqual(Object.keys(RULES).sort());
});
