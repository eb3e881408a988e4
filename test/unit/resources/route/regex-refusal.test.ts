import { expect, test } from 'vitest';
import { regexRefusal } from '../../../../src/resources/route/refusal.js';

test.each([
  ['/orders/[0-9]+', undefined],
  ['a'.repeat(1_024), /too large/],
  ['a'.repeat(1_025), /^a regular expression is at most 1024 characters long, this one has 1025$/],
  ['(', /no regular expression for Envoy/],
  ['(?=a)', /no regular expression for Envoy/],
  ['(?:ab){50}', /too large/],
  ['['.repeat(1_000), /./],
  ['('.repeat(1_000), /./],
  ['\\Q'.repeat(500), /./],
])('"%s" is refused: %s', (pattern, refusal) => {
  if (refusal === undefined) expect(regexRefusal(pattern)).toBeUndefined();
  else expect(regexRefusal(pattern)).toMatch(refusal);
});

/** Compiled, the first of these takes a second. */
test.each([
  'x{1000}'.repeat(146),
  '[\\p{L}\\p{N}]{1000}'.repeat(50),
  'a)'.concat('x{1000}'.repeat(140)),
  '(a|b)'.repeat(200_000),
  'x{1000}'.repeat(200_000),
  '('.repeat(500).concat('x{2}'.repeat(20), ')'.repeat(500)),
])('a large one costs little: %#', (pattern) => {
  const { user } = process.cpuUsage();
  expect(regexRefusal(pattern)).toBeDefined();
  expect(process.cpuUsage().user - user).toBeLessThan(150_000);
});
