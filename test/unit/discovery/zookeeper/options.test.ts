import { expect, test } from 'vitest';
import { check } from '../../../../src/config/schema-problems.js';
import { zookeeperOptions } from '../../../../src/discovery/zookeeper/options.js';

const read = (options: object) =>
  check(zookeeperOptions, { type: 'zookeeper', hosts: ['127.0.0.1:2181'], ...options });
const problems = (options: object) =>
  read(options).problems?.map(({ path, message }) => `${path.join('.')}: ${message}`);

test('defaults', () => {
  expect(read({}).value).toMatchObject({
    prefix: '/services',
    format: 'auto',
    weight: 100,
    session_timeout: 30_000,
    timeout: 2_000,
  });
});

test('TLS is a problem, not silently left out', () => {
  expect(problems({ tls: { ca: 'ca.pem' } })).toEqual([
    'tls: the ZooKeeper client has no TLS: leave "tls" out, or reach the servers through a TLS tunnel',
  ]);
});

test.each([
  ['a user without a password', { username: 'u' }],
  ['a password without a user', { password: 'p' }],
  ['a password file without a user', { password_file: '/run/p' }],
])('%s is a problem', (_, options) => {
  expect(problems(options)).toEqual(['username: "username" and "password" (or "password_file") go together']);
});

test('credentials from variables that are empty are none', () => {
  expect(read({ username: '', password: '' }).problems).toBeUndefined();
});

test.each([
  [{ username: 'a:b', password: 'p' }, 'username: a digest user has no ":"'],
  [{ timeout: 10 }, 'timeout: a bare number counts milliseconds and 100 is the least: try "10s"'],
  [{ prefix: '/a/../b' }, 'prefix: is no path of a znode'],
  [{ hosts: [] }, 'hosts: must not be empty'],
  [
    { hosts: ['zk1:none'] },
    'hosts: expected hosts such as "127.0.0.1:2181", "[::1]:2181" or "zk1:2181/chroot"',
  ],
  [{ format: 'xml' }, 'format: expected one of: auto, json, curator, spring, dubbo'],
])('%j', (options, problem) => {
  expect(problems(options)).toEqual([problem]);
});
