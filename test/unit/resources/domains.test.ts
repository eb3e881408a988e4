import { expect, test } from 'vitest';
import { closeness, covers } from '../../../src/resources/domains.js';

test.each([
  ['*', 'a.example.com', true],
  ['*', '*.example.com', true],
  ['a.example.com', 'a.example.com', true],
  ['a.example.com', 'b.example.com', false],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', 'ab.c.example.com', true],
  ['*.example.com', '.example.com', false],
  ['*.example.com', 'example.com', false],
  ['*.example.com', '*.b.example.com', true],
  ['*.b.example.com', '*.example.com', false],
  ['*.example.com', '*', false],
  ['*-v1.example.com', 'a-v1.example.com', true],
  ['example.*', 'example.c', true],
  ['example.*', 'example.com', true],
  ['example.*', 'example.', false],
  ['example.*', 'example.co*', true],
  ['example.*', 'www.example.com', false],
])('%s covers %s: %s', (pattern, domain, is) => {
  expect(covers(pattern, domain)).toBe(is);
});

test('exact is closest, then the longest suffix, then the longest prefix, then all', () => {
  const order = ['a.b.example.com', '*.b.example.com', '*.example.com', 'a.b.*', 'a.*', '*'];
  const sorted = [...order].reverse().sort((a, b) => {
    const [[kindA, lengthA], [kindB, lengthB]] = [closeness(a), closeness(b)];
    return kindA - kindB || lengthA - lengthB;
  });
  expect(sorted).toEqual(order);
});
