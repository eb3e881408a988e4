import { expect, test } from 'vitest';
import { nameProblem } from '../../../src/discovery/service-name.js';

test('a name that proxies ask for has an end', () => {
  expect(nameProblem('x'.repeat(1_024))).toBeUndefined();
  expect(nameProblem('x'.repeat(1_025))).toBe('it has 1025 bytes, and 1024 is the most');
  expect(nameProblem('é'.repeat(513))).toBe('it has 1026 bytes, and 1024 is the most');
});

test.each(['*', 'xdstp:', 'xdstp://authority/type/id'])('%s means something else in xDS', (name) => {
  expect(nameProblem(name)).toMatch(/^proxies take /);
});

test.each(['**', '*.example', 'a*', 'xdstp', 'xdstp-1', 'http://a/b/'])('%s is a name', (name) => {
  expect(nameProblem(name)).toBeUndefined();
});
