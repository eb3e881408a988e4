import { expect, test } from 'vitest';
import { configurationPage } from '../../../scripts/configuration/page.js';
import { readPage } from '../../support/docs/block.js';

test('docs/configuration.md is what scripts/configuration.ts would write', () => {
  expect(readPage('docs/configuration.md')).toBe(configurationPage());
});

test('it has a row for options of every kind, with type, default, example and meaning', () => {
  const rows = readPage('docs/configuration.md').split('\n');
  for (const row of [
    '| `startup_grace` | time (s) | `30s` | `30s` | how long ',
    '| `timeout.wait` | time (s) | `60s` | `60` | how long a blocking query ',
    '| `fetch_interval` | time (s) | `3s` | `3` | between two polls. Older names: `delay`, `interval` |',
    '| `endpoints` | list of texts (not empty) | required | ',
    '| `slow_start.aggression` | number (0.01 to 1000) | – | ',
  ])
    expect(
      rows.filter((line) => line.startsWith(row)),
      row,
    ).toHaveLength(1);
});
