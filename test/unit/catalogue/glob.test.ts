import { expect, test } from 'vitest';
import { globMatcher } from '../../../src/catalogue/glob.js';

test.each([
  ['test', 'test', true],
  ['test', 'test2', false],
  ['test', 'a-test', false],
  ['test-*', 'test-', true],
  ['test-*', 'test-a/b', true],
  ['*-canary', 'web-canary', true],
  ['a*c', 'abbc', true],
  ['a*c', 'acb', false],
  ['*', '', true],
  ['**', 'any\nline', true],
  ['a.b', 'axb', false],
  ['(a|b)[0]+?$^{1}\\', '(a|b)[0]+?$^{1}\\', true],
  ['a|b', 'a', false],
  ['', '', true],
  ['', 'a', false],
  ['Web', 'web', false],
])('"%s" takes "%s": %s', (pattern, name, takes) => {
  expect(globMatcher([pattern])(name)).toBe(takes);
});

test('one of several is enough, none takes nothing', () => {
  expect(['a1', 'b', 'c'].map(globMatcher(['a*', 'b']))).toEqual([true, true, false]);
  expect(globMatcher([])('')).toBe(false);
});
