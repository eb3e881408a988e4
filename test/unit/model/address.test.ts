import { expect, test } from 'vitest';
import { readAddress } from '../../../src/model/address.js';
import { addressOf } from '../../../src/model/instance.js';

test.each([
  ['127.0.0.1:18000', '127.0.0.1:18000'],
  ['[0:0::1]:0', '[::1]:0'],
  ['LOCALHOST:65535', 'localhost:65535'],
])('%s is the address %s', (text, canonical) => {
  const address = readAddress(text);
  expect(address && addressOf(address)).toBe(canonical);
});

test.each(['18000', ':18000', '::1:18000', 'a:65536', 'a:-1', 'a:1e3', 'a: 1', 'a:', 'a b:1'])(
  '"%s" is no address',
  (text) => {
    expect(readAddress(text)).toBeUndefined();
  },
);
