import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallError, statusOf, trailersOf } from '../../../../src/base/grpc/call-status.js';

const message = (details: string) => trailersOf({ code: status.INTERNAL, details })['grpc-message'];

test('any text makes a header of printable ASCII that says the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = message(text) ?? '';
      expect(encoded).toMatch(/^[ -~]*$/);
      expect(decodeURIComponent(encoded)).toBe(text);
    }),
  );
  expect(message('50 % of "é"\r\nx: y')).toBe('50 %25 of "%C3%A9"%0D%0Ax: y');
});

test('half a character is replaced, and a long text cut', () => {
  expect(message('a\ud800b')).toBe('a%EF%BF%BDb');
  expect(message('é'.repeat(100_000))).toHaveLength(6_000);
});

test('what is no status tells nothing of itself', () => {
  expect(statusOf(new CallError(status.NOT_FOUND, 'gone'))).toEqual({ code: 5, details: 'gone' });
  expect(statusOf({ code: 5 })).toEqual({ code: 5, details: '' });
  for (const thrown of [
    new Error('/etc/passwd'),
    undefined,
    'x',
    { code: 99 },
    { code: 'ENOENT', details: 'x' },
  ])
    expect(statusOf(thrown)).toEqual({ code: status.INTERNAL, details: 'internal error' });
});
