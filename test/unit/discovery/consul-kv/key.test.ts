import { expect, test } from 'vitest';
import { KeyReader } from '../../../../src/discovery/consul-kv/key.js';

const read = (key: string, skip: readonly string[] = [], prefix = 'upstreams') =>
  new KeyReader(prefix, skip).read(key);

test.each([
  ['upstreams/web/127.0.0.1:80', 'web', '127.0.0.1:80'],
  ['upstreams/team/user-service/10.0.0.1:80', 'team/user-service', '10.0.0.1:80'],
  ['upstreams/web/[::1]:80', 'web', '[::1]:80'],
  ['upstreams/web/my-host.example.com:80', 'web', 'my-host.example.com:80'],
  ['upstreams/web/no-port', 'web', 'no-port'],
])('%s is an instance of %s', (key, service, address) => {
  expect(read(key)).toEqual({ service, address });
});

test.each([
  ['a folder', 'upstreams/web/'],
  ['the prefix itself', 'upstreams/'],
  ['a key outside of any service', 'upstreams/127.0.0.1:80'],
  ['a neighbour that begins with the same text', 'upstreams2/web/127.0.0.1:80'],
  ['a key with the prefix further in', 'other/upstreams/web/127.0.0.1:80'],
  ['an empty service path', 'upstreams//127.0.0.1:80'],
])('%s is none', (_, key) => {
  expect(read(key)).toBeUndefined();
});

test.each(['upstreams', '/upstreams', 'upstreams/', '/upstreams/'])(
  'the prefix may be written %s',
  (prefix) => {
    expect(read('upstreams/web/h:1', [], prefix)).toEqual({ service: 'web', address: 'h:1' });
  },
);

test('the prefix may have several segments, or none', () => {
  expect(read('a/b/web/h:1', [], 'a/b')).toEqual({ service: 'web', address: 'h:1' });
  expect(read('web/h:1', [], '/')).toEqual({ service: 'web', address: 'h:1' });
});

test.each(['upstreams/unused/', 'upstreams/unused', 'unused/', 'unused', '/upstreams/unused'])(
  'skip_keys "%s" skips that service and what is under it alone',
  (skip) => {
    expect(read('upstreams/unused/h:1', [skip])).toBeUndefined();
    expect(read('upstreams/unused/nested/h:1', [skip])).toBeUndefined();
    expect(read('upstreams/unused-2/h:1', [skip])).toBeDefined();
    expect(read('upstreams/team/unused/h:1', [skip])).toBeDefined();
  },
);

test('skip_keys may name one instance; an empty one names nothing', () => {
  expect(read('upstreams/web/h:1', ['upstreams/web/h:1'])).toBeUndefined();
  expect(read('upstreams/web/h:10', ['upstreams/web/h:1'])).toBeDefined();
  expect(read('upstreams/web/h:1', ['', '/'])).toBeDefined();
});
