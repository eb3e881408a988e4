import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../peers/eventually.js';
import { Nacos } from '../peers/nacos.js';
import { freePort } from '../peers/process.js';
import { HttpFake } from '../support/http-fake.js';
import { HttpProxy } from '../support/http-proxy.js';
import { NacosWatches, nacosSource } from '../support/nacos-watch.js';
import { RecordingSink } from '../support/recording-sink.js';
import { Signalbox } from '../support/signalbox.js';

let nacos: Nacos;
let watches: NacosWatches;

beforeAll(async () => {
  nacos = await Nacos.start();
});
afterAll(async () => await nacos.close());
beforeEach(() => {
  watches = new NacosWatches();
});
afterEach(async () => await watches.end());

const PUBLIC = 'public/DEFAULT_GROUP';
const served = (sink: RecordingSink, service: string, addresses: readonly string[] | undefined) =>
  eventually(() => expect(sink.addresses(service)).toEqual(addresses), 30_000);
const healthy = (sink: RecordingSink) => eventually(() => expect(sink.healthy).toBe(true), 30_000);
const unhealthy = (sink: RecordingSink) => eventually(() => expect(sink.healthy).toBe(false), 30_000);
const instancesOf = (sink: RecordingSink, service: string) =>
  sink.services.get(`${PUBLIC}/${service}`)?.instances ?? [];

test('sees what is registered, changed and taken away, to the last instance', async () => {
  const sink = watches.start([nacos.url]);
  await healthy(sink);
  const web = { serviceName: 'seen', ip: '10.1.0.1', port: 80 };
  await nacos.register(web);
  await served(sink, `${PUBLIC}/seen`, ['10.1.0.1:80']);
  await nacos.register({ ...web, ip: '10.1.0.2', metadata: { version: 'v2' }, weight: 0.25 });
  await served(sink, `${PUBLIC}/seen`, ['10.1.0.1:80', '10.1.0.2:80']);
  expect(instancesOf(sink, 'seen')[1]).toMatchObject({
    weight: 0.25,
    cluster: 'DEFAULT',
    metadata: { version: 'v2' },
  });
  await nacos.deregister(web);
  await served(sink, `${PUBLIC}/seen`, ['10.1.0.2:80']);
  // The last one goes: the service is there still, and has nothing to serve.
  await nacos.deregister({ ...web, ip: '10.1.0.2' });
  await served(sink, `${PUBLIC}/seen`, []);
  expect(sink.errors).toEqual([]);
});

test('odd names are read and pushed as they are, one that cannot be published is left out', async () => {
  const odd = ['..', '/a', 'a//b', 'a@@b', 'ü', '100%', 'q?x&y=z', '#', 'a+b', '😀'];
  for (const serviceName of [...odd, '\u0000'])
    await nacos.register({ serviceName, ip: '10.1.0.1', port: 80 });
  const sink = watches.start([nacos.url], { push: true, fetch_interval: 1 });
  for (const name of odd) await served(sink, `${PUBLIC}/${name}`, ['10.1.0.1:80']);
  expect([...sink.failing].map(([name, { code }]) => [name, code])).toEqual([
    [`${PUBLIC}/\u0000`, 'service_name_invalid'],
  ]);
  for (const serviceName of odd) await nacos.register({ serviceName, ip: '10.1.0.2', port: 80 });
  for (const name of odd) await served(sink, `${PUBLIC}/${name}`, ['10.1.0.1:80', '10.1.0.2:80']);
  for (const serviceName of [...odd, '\u0000'])
    await nacos.deregister({ serviceName, ip: '10.1.0.1', port: 80 });
  expect(sink.errors).toEqual([]);
});

test('a defect while a push is taken ends the source, not the process', async () => {
  const web = { serviceName: 'defect', ip: '10.1.0.1', port: 80 };
  await nacos.register(web);
  // A new service takes a moment to be listed.
  await served(watches.start([nacos.url]), `${PUBLIC}/defect`, ['10.1.0.1:80']);
  const sink = new RecordingSink();
  const life = new AbortController();
  const set = sink.set.bind(sink);
  sink.set = (key, state) => {
    if (key.service === 'defect' && state?.instances.length === 3) throw new TypeError('a defect');
    set(key, state);
  };
  const source = nacosSource([nacos.url], { push: true, fetch_interval: 60 });
  const ended = expect(source.run(sink, life.signal)).rejects.toThrow('a defect');
  await served(sink, `${PUBLIC}/defect`, ['10.1.0.1:80']);
  await nacos.register({ ...web, ip: '10.1.0.2' });
  await served(sink, `${PUBLIC}/defect`, ['10.1.0.1:80', '10.1.0.2:80']);
  await nacos.register({ ...web, ip: '10.1.0.3' });
  await ended;
  life.abort();
});

test('a service that is removed goes', async () => {
  const one = { serviceName: 'removed', ip: '10.1.1.1', port: 80 };
  await nacos.register(one);
  const sink = watches.start([nacos.url]);
  await served(sink, `${PUBLIC}/removed`, ['10.1.1.1:80']);
  await nacos.deregister(one);
  await nacos.removeService('removed');
  await served(sink, `${PUBLIC}/removed`, undefined);
  expect(sink.healthy).toBe(true);
});

test('by v3 and by v1 all clusters are served, but nothing unhealthy, disabled, without weight or bad', async () => {
  const service = { serviceName: 'mixed', port: 80 };
  await nacos.register({ ...service, ip: '10.2.0.1' });
  await nacos.register({ ...service, ip: '10.2.0.2', clusterName: 'C2', weight: 1.5 });
  await nacos.register({ ...service, ip: '10.2.0.3', healthy: false });
  await nacos.register({ ...service, ip: '10.2.0.4', enabled: false });
  await nacos.register({ ...service, ip: '10.2.0.5', weight: 0 });
  await nacos.register({ ...service, ip: '10.2.0.6', port: 0 });
  await nacos.register({ ...service, ip: 'bad!host' });
  await nacos.register({ ...service, ip: 'fe80::1' });
  await nacos.register({ ...service, ip: 'Web-1.Example.COM' });

  // A server of 2.x says 404 to v3.
  const older = await new HttpFake((incoming, response) => {
    const path = incoming.url ?? '/';
    if (path.includes('/v3/')) return void response.writeHead(404).end();
    request(`${nacos.url}${path}`)
      .then(async ({ statusCode, body }) => response.writeHead(statusCode).end(await body.text()))
      .catch(() => response.destroy());
  }).start();
  try {
    for (const url of [nacos.url, older.url]) {
      const sink = watches.start([url]);
      const all = ['10.2.0.1:80', '10.2.0.2:80', '[fe80::1]:80', 'web-1.example.com:80'];
      await served(sink, `${PUBLIC}/mixed`, all);
      expect(instancesOf(sink, 'mixed').map(({ cluster, weight }) => [cluster, weight])).toEqual([
        ['DEFAULT', 1],
        ['C2', 1.5],
        ['DEFAULT', 1],
        ['DEFAULT', 1],
      ]);
      // Nacos leaves disabled ones out by itself.
      const filtered = sink.services.get(`${PUBLIC}/mixed`)?.filtered ?? [];
      expect(filtered.map(({ address, reason }) => [address, reason])).toEqual([
        ['10.2.0.3:80', 'unhealthy'],
        ['10.2.0.5:80', 'weight_zero'],
        ['10.2.0.6:0', 'bad_port'],
        ['bad!host:80', 'bad_address'],
      ]);
    }
  } finally {
    await older.stop();
  }
});

test('a failed query: what was good is kept, told, and followed again', async () => {
  const one = { serviceName: 'failing', ip: '10.10.0.1', port: 80 };
  await nacos.register(one);
  const proxy = await HttpProxy.start(nacos.url);
  try {
    const sink = watches.start([proxy.url]);
    await served(sink, `${PUBLIC}/failing`, ['10.10.0.1:80']);
    for (const mode of ['error', 'garbage'] as const) {
      proxy.answer(mode);
      await unhealthy(sink);
      await eventually(() => expect(sink.errors.at(-1)?.code).toBe('registry_bad_answer'));
      expect(sink.addresses(`${PUBLIC}/failing`)).toEqual(['10.10.0.1:80']);
      proxy.answer('forward');
      await healthy(sink);
    }
    await nacos.deregister(one);
    await served(sink, `${PUBLIC}/failing`, []);
  } finally {
    await proxy.close();
  }
});

test("the server's own protection is respected: what it lists as healthy is served", async () => {
  const service = { serviceName: 'protected', port: 80 };
  await nacos.register({ ...service, ip: '10.11.0.1' });
  await nacos.register({ ...service, ip: '10.11.0.2', healthy: false });
  const sink = watches.start([nacos.url]);
  await served(sink, `${PUBLIC}/protected`, ['10.11.0.1:80']);
  const threshold = { serviceName: 'protected', protectThreshold: 0.9, ephemeral: true };
  await nacos.call('PUT', '/v3/admin/ns/service', threshold);
  await served(sink, `${PUBLIC}/protected`, ['10.11.0.1:80', '10.11.0.2:80']);
});

test('every namespace and group named is read, and no other', async () => {
  const at = (namespaceId: string, groupName: string, ip: string) =>
    nacos.register({ serviceName: 'scoped', namespaceId, groupName, ip, port: 80 });
  await at('public', 'G1', '10.3.0.1');
  await at('public', 'G1-more', '10.3.0.2');
  await at('public', 'G2', '10.3.0.3');
  await at('team', 'G1', '10.3.0.4');
  await at('other', 'G1', '10.3.0.5');
  const sink = watches.start([nacos.url], { namespace: ['public', 'team'], group: ['G1', 'G2'] });
  await healthy(sink);
  const found = [...sink.services.keys()].map((name) => [name, ...(sink.addresses(name) ?? [])]);
  expect(found.sort()).toEqual([
    ['public/G1/scoped', '10.3.0.1:80'],
    ['public/G2/scoped', '10.3.0.3:80'],
    ['team/G1/scoped', '10.3.0.4:80'],
  ]);
});

test('an APISIX route gets the service of the namespace and the group that it names', async () => {
  const at = (namespaceId: string, groupName: string, ip: string) =>
    nacos.register({ serviceName: 'asked', namespaceId, groupName, ip, port: 80 });
  await at('public', 'DEFAULT_GROUP', '10.1.0.1');
  await at('team', 'G1', '10.1.0.2');
  await at('team', 'DEFAULT_GROUP', '10.1.0.3');
  const args = [{}, { namespace_id: 'team', group_name: 'G1' }, { namespace_id: 'team' }];
  const routes = args.map((discovery_args, id) => ({
    id: String(id),
    uri: `/${id}`,
    upstream: { type: 'roundrobin', discovery_type: 'nacos', service_name: 'asked', discovery_args },
  }));
  const signalbox = await Signalbox.start(
    {
      discovery: {
        nacos: {
          host: [nacos.url],
          ...{ namespace: ['public', 'team'], group: ['DEFAULT_GROUP', 'G1'], fetch_interval: 1 },
          service_template: '{namespace}/{group}/{service}',
        },
      },
      routes_from: { apisix_file: { path: 'apisix.yaml' } },
      listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
    },
    {
      before: (folder) => writeFileSync(join(folder, 'apisix.yaml'), `${JSON.stringify({ routes })}\n#END\n`),
    },
  );
  try {
    for (const [name, host] of [
      ['apisix/route/1', '10.1.0.2'],
      ['apisix/route/2', '10.1.0.3'],
    ] as const)
      await eventually(async () => {
        const shown = await signalbox.get(`/services/${encodeURIComponent(name)}`);
        expect(shown).toMatchObject({ instances: [{ address: `${host}:80` }] });
      }, 30_000);
  } finally {
    await signalbox.close();
  }
});

test('with services_only no other service is read, and one that is wanted later is soon', async () => {
  await nacos.register({ serviceName: 'wanted', ip: '10.4.0.1', port: 80 });
  await nacos.register({ serviceName: 'later', ip: '10.4.0.2', port: 80 });
  let wanted = ['nacos/wanted', 'nacos/nobody-has-it', 'other/later', 'nacos/no name'];
  const options = { services_only: true, service_template: '{registry}/{service}', fetch_interval: 30 };
  const sink = watches.start([nacos.url], options, { wanted: () => wanted });
  await healthy(sink);
  expect([...sink.services.keys()]).toEqual([`${PUBLIC}/wanted`]);
  wanted = ['nacos/later'];
  await served(sink, `${PUBLIC}/later`, ['10.4.0.2:80']);
  expect([...sink.services.keys()]).toEqual([`${PUBLIC}/later`]);
  expect(sink.errors).toEqual([]);
});

test('more services than one page holds', async () => {
  const names = Array.from({ length: 1_050 }, (_, index) => `many-${index}`);
  for (let from = 0; from < names.length; from += 50) {
    const some = names.slice(from, from + 50);
    await Promise.all(
      some.map((serviceName) => nacos.register({ serviceName, groupName: 'MANY', ip: '10.5.0.1', port: 80 })),
    );
  }
  const sink = watches.start([nacos.url], { group: 'MANY', fetch_interval: 30 });
  await healthy(sink);
  expect(sink.services.size).toBe(1_050);
});

test('what changes is pushed, in every namespace, long before the next poll', async () => {
  const at = (namespaceId: string, ip: string) => ({ serviceName: 'pushed', namespaceId, ip, port: 80 });
  const inPublic = `${PUBLIC}/pushed`;
  const inTeam = 'team/DEFAULT_GROUP/pushed';
  await nacos.register(at('public', '10.8.0.1'));
  await nacos.register(at('team', '10.8.0.2'));
  const sink = watches.start([nacos.url], { namespace: ['public', 'team'], fetch_interval: 600, push: true });
  await served(sink, inPublic, ['10.8.0.1:80']);
  await nacos.register({ ...at('team', '10.8.0.3'), clusterName: 'C2' });
  await served(sink, inTeam, ['10.8.0.2:80', '10.8.0.3:80']);
  await nacos.register(at('public', '10.8.0.4'));
  await served(sink, inPublic, ['10.8.0.1:80', '10.8.0.4:80']);
  await nacos.deregister(at('public', '10.8.0.1'));
  await nacos.deregister(at('public', '10.8.0.4'));
  await served(sink, inPublic, []);
  expect(sink.errors).toEqual([]);
});

test('with services_only a service is pushed that was not there when it was asked for', async () => {
  const options = { services_only: true, fetch_interval: 600, push: true };
  const sink = watches.start([nacos.url], options, { wanted: () => ['born-later'] });
  await healthy(sink);
  const one = { serviceName: 'born-later', ip: '10.9.0.1', port: 80 };
  await nacos.register(one);
  await served(sink, `${PUBLIC}/born-later`, ['10.9.0.1:80']);
  await nacos.deregister(one);
  await served(sink, `${PUBLIC}/born-later`, undefined);
});

test('a member of the cluster that is not there costs nothing but the try', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  await nacos.register({ serviceName: 'failover', ip: '10.6.0.1', port: 80 });
  const sink = watches.start([nobody, nacos.url]);
  await served(sink, `${PUBLIC}/failover`, ['10.6.0.1:80']);
  expect(sink.errors).toEqual([]);
});

test('a frozen server is noticed: what was good is kept, and followed again once it answers', async () => {
  const one = { serviceName: 'frozen', ip: '10.7.0.1', port: 80 };
  await nacos.register(one);
  const sink = watches.start([nacos.url], { timeout: { read: 1_000 } });
  await served(sink, `${PUBLIC}/frozen`, ['10.7.0.1:80']);
  nacos.process.freeze();
  try {
    await unhealthy(sink);
    expect(sink.errors[0]?.code).toBe('registry_timeout');
    expect(sink.addresses(`${PUBLIC}/frozen`)).toEqual(['10.7.0.1:80']);
  } finally {
    nacos.process.thaw();
  }
  await healthy(sink);
  await nacos.register({ ...one, ip: '10.7.0.2' });
  await served(sink, `${PUBLIC}/frozen`, ['10.7.0.1:80', '10.7.0.2:80']);
});

// Last, since it takes away what the tests before it have registered.
test('a stopped server: what was good is kept; restarted, what it has then counts', async () => {
  const own = { ip: '127.0.0.1', port: nacos.port };
  await nacos.register({ serviceName: 'stored', ephemeral: false, ...own });
  await nacos.register({ serviceName: 'ephemeral', ...own });
  const address = `127.0.0.1:${nacos.port}`;
  const sink = watches.start([nacos.url]);
  const pushed = watches.start([nacos.url], { fetch_interval: 600, push: true });
  await served(sink, `${PUBLIC}/stored`, [address]);
  for (const each of [sink, pushed]) await served(each, `${PUBLIC}/ephemeral`, [address]);
  await nacos.stop('SIGKILL');
  await unhealthy(sink);
  expect(sink.errors.at(-1)?.code).toBe('registry_unreachable');
  expect(sink.addresses(`${PUBLIC}/stored`)).toEqual([address]);
  expect(sink.addresses(`${PUBLIC}/ephemeral`)).toEqual([address]);
  await nacos.start();
  // Ephemeral instances live in memory alone: until they register again, this server was wiped of them.
  await served(sink, `${PUBLIC}/ephemeral`, undefined);
  await served(pushed, `${PUBLIC}/ephemeral`, []);
  await served(sink, `${PUBLIC}/stored`, [address]);
  await nacos.register({ serviceName: 'ephemeral', ...own });
  for (const each of [sink, pushed]) {
    await served(each, `${PUBLIC}/ephemeral`, [address]);
    expect(each.healthy).toBe(true);
  }
});
