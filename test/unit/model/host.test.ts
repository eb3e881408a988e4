import { expect, test } from 'vitest';
import { canonicalHost, isAddress, splitAddress } from '../../../src/model/host.js';

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['[2001:DB8:0:0:0:0:0:1]', '2001:db8::1'],
  ['Api.Example.COM.', 'api.example.com'],
  ['my_host-1', 'my_host-1'],
  ['a', 'a'],
  [`${'a'.repeat(63)}.b`, `${'a'.repeat(63)}.b`],
])('%s is the host %s', (text, host) => {
  expect(canonicalHost(text)).toBe(host);
});

test.each([
  '',
  '.',
  'a..b',
  '-a',
  'a-',
  'a b',
  'a/b',
  'a:b',
  'http://a',
  'user@a',
  '1.2.3',
  '256.1.1.1',
  '01.2.3.4.5',
  '1234',
  'fe80::1%eth0',
  '::g',
  '[::1',
  'ä.example',
  `${'a'.repeat(64)}.b`,
  Array(64).fill('abc').join('.'),
])('"%s" is no host', (text) => {
  expect(canonicalHost(text)).toBeUndefined();
});

test('names are not addresses', () => {
  expect(['127.0.0.1', '::1', 'localhost', 'a.1b'].map(isAddress)).toEqual([true, true, false, false]);
});

test('an address is split at its last colon, brackets kept', () => {
  expect(splitAddress('a:80')).toEqual({ host: 'a', port: '80' });
  expect(splitAddress('[::1]:80')).toEqual({ host: '[::1]', port: '80' });
  expect(splitAddress(':80')).toEqual({ host: '', port: '80' });
  expect(['a', 'a:', '::1:80', '[::1]'].map(splitAddress)).toEqual(Array(4).fill(undefined));
});
