import { expect, test } from 'vitest';
import { withoutOuterSlashes } from '../../../src/base/outer-slashes.js';

test.each([
  ['a/b', 'a/b'],
  ['//a//b//', 'a//b'],
  ['/', ''],
  ['', ''],
])('%s without the slashes around it: %s', (text, bare) => {
  expect(withoutOuterSlashes(text)).toBe(bare);
});

test('very many slashes before something else', () => {
  const text = `x${'/'.repeat(1_000_000)}x`;
  const { user } = process.cpuUsage();
  expect(withoutOuterSlashes(text)).toBe(text);
  expect(process.cpuUsage().user - user).toBeLessThan(200_000);
});
