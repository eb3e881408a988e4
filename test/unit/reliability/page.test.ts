import { expect, test } from 'vitest';
import { markdownTable, withSection } from '../../reliability/page.js';
import { floors, slope } from '../../soak/memory.js';

test('a part of the page is replaced, the rest stays', () => {
  const page = 'a\n<!-- soak -->\nold\n<!-- /soak -->\nb\n';
  expect(withSection(page, 'soak', 'new')).toBe('a\n<!-- soak -->\nnew\n<!-- /soak -->\nb\n');
  expect(() => withSection(page, 'fuzz', 'new')).toThrow('fuzz');
});

test('cells are kept apart', () => {
  expect(markdownTable(['a', 'b'], [['1|2', 3]])).toBe('| a | b |\n| --- | --- |\n| 1\\|2 | 3 |');
});

test('the slope is that of the line through the least of each window', () => {
  const samples = Array.from({ length: 100 }, (_, at) => ({ at, heap: 10 + at + (at % 10) * 50, rss: 7 }));
  const least = floors(samples, 10);
  expect(least).toHaveLength(10);
  expect(slope(least.map(({ at, heap }) => [at, heap]))).toBeCloseTo(1);
  expect(slope(least.map(({ at, rss }) => [at, rss]))).toBe(0);
});
