import { describe, expect, test } from 'vitest';
import { resourceFromJson } from '../../../src/resources/given.js';
import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { discoversVirtualHosts, VirtualHosts } from '../../../src/xds/virtual-hosts.js';

const setOf = (...resources: readonly Resource[]) =>
  ResourceSet.EMPTY.with(new Map(resources.map((resource) => [resource.name, resource])));
const host = (name: string, ...domains: readonly string[]) =>
  resourceFromJson(TYPE_URL.virtualHost, { name, domains });
const routes = (name: string, fields: object = {}) => resourceFromJson(TYPE_URL.route, { name, ...fields });

describe('the virtual host that takes a host', () => {
  const hosts = new VirtualHosts(
    setOf(
      host('r/exact', 'a.test', 'b.test:80', 'UPPER.test'),
      host('r/suffix', '*.test', '*-x.test'),
      host('r/longer', '*.a.test'),
      host('r/prefix', 'www.*', 'www.a.*'),
      host('r/a.example', 'elsewhere.test'),
      host('all/any', '*'),
      host('deep/er/exact', 'a.test'),
      host('p/plain', 'plain.test', '[::1]'),
      host('nowhere', 'a.test'),
    ),
    setOf(routes('p', { ignore_port_in_host_matching: true }), routes('r')),
  );
  test.each([
    ['r/a.test', 'r/exact'],
    ['r/A.TEST', 'r/exact'],
    ['r/upper.test', 'r/exact'],
    ['r/b.test:80', 'r/exact'],
    ['r/b.test', 'r/suffix'],
    ['r/c.a.test', 'r/longer'],
    ['r/y-x.test', 'r/suffix'],
    ['r/.test', undefined],
    ['r/a.test:80', undefined],
    ['r/www.a.example', 'r/prefix'],
    ['r/www.', undefined],
    ['r/a.example', 'r/a.example'],
    ['r/', undefined],
    ['all/a.test:1', 'all/any'],
    ['deep/er/a.test', 'deep/er/exact'],
    ['deep/a.test', undefined],
    ['p/plain.test:8080', 'p/plain'],
    ['p/[::1]:80', 'p/plain'],
    ['a.test', undefined],
    ['nowhere', 'nowhere'],
  ])('of %s is %s', (asked, name) => {
    expect(hosts.find(asked)?.name).toBe(name);
  });
});

test('of two that claim a domain one takes it, in whatever order they came', () => {
  const [one, two] = [host('r/one', 'a.test'), host('r/two', 'a.test')];
  const found = [setOf(one, two), setOf(two, one)].map((set) =>
    new VirtualHosts(set, setOf()).find('r/a.test'),
  );
  expect(found[0]).toBe(found[1]);
});

test('bytes that are no virtual host cost themselves alone', () => {
  const broken = makeResource(TYPE_URL.virtualHost, 'r/broken', Buffer.from([0x12, 0x7f, 1]));
  const hosts = new VirtualHosts(setOf(broken, host('r/a', 'a.test')), setOf());
  expect(hosts.find('r/a.test')?.name).toBe('r/a');
});

test('a route configuration says whether its virtual hosts are discovered', () => {
  const vhds = { config_source: { ads: {}, resource_api_version: 'V3' } };
  expect(discoversVirtualHosts(routes('r', { vhds }))).toBe(true);
  expect(discoversVirtualHosts(routes('r', { ignore_port_in_host_matching: true }))).toBe(false);
});
