import { expect, test } from 'vitest';
import { globMatcher } from '../../../src/base/glob.js';

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

test.each([
  ['a*b*a', 'aba', true],
  ['a*b*a', 'ab', false],
  // Neither end may count twice.
  ['ab*ba', 'aba', false],
  ['ab*ba', 'abba', true],
  ['*ab*ab*', 'abab', true],
  ['*ab*ab*', 'aab', false],
  ['a**b', 'ab', true],
  ['*a*', '', false],
])('parts between stars: "%s" takes "%s": %s', (pattern, name, takes) => {
  expect(globMatcher([pattern])(name)).toBe(takes);
});

/** A regular expression needs a time that grows with a power of the length for each star. */
test.each([
  [`${'a*'.repeat(30)}b`, 'a'.repeat(4_096)],
  [`${'*a'.repeat(30)}*c*b`, 'a'.repeat(4_096)],
  ['*'.repeat(10_000), 'a'.repeat(4_096)],
  [`*${'a'.repeat(1_000)}b*`, 'a'.repeat(4_096)],
])('many stars cost no more than a few: %#', (pattern, name) => {
  const matches = globMatcher([pattern]);
  const { user: before } = process.cpuUsage();
  for (let n = 0; n < 10; n += 1) matches(name);
  const { user } = process.cpuUsage();
  expect(user - before).toBeLessThan(200_000);
});
