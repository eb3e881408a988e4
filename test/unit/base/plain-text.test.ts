import { expect, test } from 'vitest';
import { plainText } from '../../../src/base/plain-text.js';

test.each([
  ['as it is: é 😀', 'as it is: é 😀'],
  ['a\u0000b\u001b[31mc\nd\u009be\u2028', 'a\ufffdb\ufffd[31mc\ufffdd\ufffde\ufffd'],
  ['half \ud83d and other half \ude00', 'half \ufffd and other half \ufffd'],
])('%j', (text, shown) => {
  expect(plainText(text)).toBe(shown);
});

test('a long text is cut, and no pair in halves', () => {
  expect(plainText('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`);
  expect(plainText('😀😀😀', 4)).toBe('😀\ufffd…');
});
