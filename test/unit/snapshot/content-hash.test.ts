import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Digest, digest, digestText, minus, plus, ZERO } from '../../../src/snapshot/content-hash.js';

const part = fc.integer({ min: 0, max: 0xffffffff });
const anyDigest = fc.tuple(part, part, part);

test('a sum does not depend on the order, and what is added can be taken away', () => {
  fc.assert(
    fc.property(fc.array(anyDigest), anyDigest, (members, one) => {
      const sum = members.reduce<Digest>(plus, ZERO);
      expect([...members].reverse().reduce<Digest>(plus, ZERO)).toEqual(sum);
      expect(minus(plus(sum, one), one)).toEqual(sum);
      expect(plus(minus(sum, one), one)).toEqual(sum);
      expect(sum.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xffffffff)).toBe(true);
    }),
  );
});

test('parts are kept apart', () => {
  const digests = [digest('ab', 'c'), digest('a', 'bc'), digest('abc'), digest('abc', ''), digest()];
  expect(new Set(digests.map(digestText)).size).toBe(digests.length);
});

test('texts and their bytes are the same', () => {
  expect(digest('abc')).toEqual(digest(Buffer.from('abc')));
});

test('the text is sixteen letters, another one for each digest', () => {
  fc.assert(
    fc.property(anyDigest, anyDigest, (a, b) => {
      expect(digestText(a)).toMatch(/^[\w-]{16}$/);
      expect(digestText(a) === digestText(b)).toBe(String(a) === String(b));
    }),
  );
});

test('a version is the same at every replica: the first 96 bits of SHA-256', () => {
  // printf '4:type4:name3:\1\2\3' | sha256sum | cut -c1-24 | xxd -r -p | base64
  expect(digestText(digest('type', 'name', Buffer.from([1, 2, 3])))).toBe('F8jYF5eWmfGl6Yup');
});
