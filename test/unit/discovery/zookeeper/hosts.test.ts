import { expect, test } from 'vitest';
import { readHosts } from '../../../../src/discovery/zookeeper/hosts.js';

const at = (host: string, port: number) => ({ host, port });

test.each([
  ['a host and port', ['127.0.0.1:2182'], [at('127.0.0.1', 2182)], ''],
  ['names without a port', ['zk1', 'ZK2.example.com'], [at('zk1', 2181), at('zk2.example.com', 2181)], ''],
  ['IPv6', ['[::1]:2182', '[2001:db8::1]'], [at('::1', 2182), at('2001:db8::1', 2181)], ''],
  ['a connect string', ['zk1:2181,zk2:2182/prod/x'], [at('zk1', 2181), at('zk2', 2182)], '/prod/x'],
  ['a chroot after the last host', ['zk1', 'zk2/prod/'], [at('zk1', 2181), at('zk2', 2181)], '/prod'],
  ['a slash alone', ['zk1:2181/'], [at('zk1', 2181)], ''],
])('%s', (_, hosts, servers, chroot) => {
  expect(readHosts(hosts)).toEqual({ ensemble: { servers, chroot } });
});

test.each([
  ['two chroots', ['zk1/a', 'zk2/b'], 'all hosts must have the same chroot'],
  ['a chroot that climbs', ['zk1/a/../b'], 'the chroot is no path of a znode'],
  ['an empty name in the chroot', ['zk1/a//b'], 'the chroot is no path of a znode'],
  ['port 0', ['zk1:0'], 'expected hosts such as'],
  ['a URL', ['http://zk1:2181'], 'expected hosts such as'],
  ['nothing', [''], 'expected hosts such as'],
])('refused: %s', (_, hosts, problem) => {
  expect(readHosts(hosts).problem).toContain(problem);
});

test('a password among the hosts is not repeated in the problem', () => {
  expect(readHosts(['user:hunter2@zk1:2181']).problem).not.toContain('hunter2');
});
