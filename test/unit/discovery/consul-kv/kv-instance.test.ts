import { expect, test } from 'vitest';
import { readKvInstance } from '../../../../src/discovery/consul-kv/kv-instance.js';

const encoded = (text: string) => Buffer.from(text).toString('base64');
const read = (address: string, text: string) => readKvInstance(address, encoded(text), 7);

test('reads weight and policy', () => {
  const value =
    '{"weight":120,"max_fails":2,"fail_timeout":3,"check_status":true,"metadata":{"version":"v1"}}';
  expect(read('127.0.0.1:80', value).instance).toEqual({
    host: '127.0.0.1',
    port: 80,
    weight: 120,
    metadata: { version: 'v1' },
    policy: { maxFails: 2, failTimeoutSeconds: 3 },
  });
});

test('an empty object has the default weight and no policy', () => {
  expect(read('127.0.0.1:80', '{}').instance).toEqual({
    host: '127.0.0.1',
    port: 80,
    weight: 7,
    metadata: {},
  });
});

test.each([
  ['[2001:DB8::1]:80', '2001:db8::1'],
  ['My-Host.example.com:80', 'my-host.example.com'],
])('%s is at %s', (address, host) => {
  expect(read(address, '{}').instance?.host).toBe(host);
});

test.each([
  ['127.0.0.1', '{}', 'bad_address'],
  ['::1:80', '{}', 'bad_address'],
  ['bad_host!:80', '{}', 'bad_address'],
  ['127.0.0.1:http', '{}', 'bad_port'],
  ['127.0.0.1:65536', '{}', 'bad_port'],
  ['127.0.0.1:80', '', 'bad_value'],
  ['127.0.0.1:80', '[]', 'bad_value'],
  ['127.0.0.1:80', '"text"', 'bad_value'],
  ['127.0.0.1:80', 'null', 'bad_value'],
  ['127.0.0.1:80', '{"weight":0}', 'weight_zero'],
  ['127.0.0.1:80', '{"weight":-1}', 'bad_weight'],
  ['127.0.0.1:80', '{"check_status":false}', 'check_status'],
  ['127.0.0.1:80', '{"check_status":"false"}', 'check_status'],
  ['127.0.0.1:80', '{"status":"down"}', 'status'],
])('%s with %s is filtered: %s', (address, text, reason) => {
  expect(read(address, text).filtered).toMatchObject({ address, reason });
});

test('a value that does not parse is filtered with the text of the error', () => {
  expect(read('127.0.0.1:80', '{"weight":').filtered?.detail).toMatch(/JSON/);
});

test('a null value is an empty one', () => {
  expect(readKvInstance('127.0.0.1:80', null, 1).filtered).toMatchObject({ reason: 'bad_value' });
});
