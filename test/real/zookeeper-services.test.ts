import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../peers/eventually.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { ZooKeeperServer } from '../peers/zookeeper.js';
import type { ZooKeeperTestClient } from '../peers/zookeeper-client.js';
import { ZooKeeperGateway } from '../support/zookeeper-gateway.js';
import { FollowedZooKeeper } from '../support/zookeeper-source.js';

let server: ZooKeeperServer;
let client: ZooKeeperTestClient;
let others: ZooKeeperTestClient[];
let followed: FollowedZooKeeper[];
let folder: string;
/** A folder of its own for each test. */
let root: string;
let tests = 0;

const follow = (options: object = {}, chroot = ''): FollowedZooKeeper => {
  const source = new FollowedZooKeeper([`${server.host}${chroot}`], {
    prefix: `${root}/services`,
    ...options,
  });
  followed.push(source);
  return source;
};
const connect = async (digest?: string): Promise<ZooKeeperTestClient> => {
  const other = await server.client(digest === undefined ? {} : { digest });
  others.push(other);
  return other;
};
const curator = (address: string, port: number, more: object = {}) =>
  JSON.stringify({ name: 'x', id: 'x', address, port, sslPort: null, payload: null, ...more });
const spring = (address: string, metadata: object) =>
  curator(address, 8080, {
    payload: {
      '@class': 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance',
      id: 'application-1',
      name: 'orders',
      metadata,
    },
    serviceType: 'DYNAMIC',
    uriSpec: { parts: [] },
  });

beforeAll(async () => {
  server = await ZooKeeperServer.start();
  client = await server.client();
  folder = mkdtempSync(join(tmpdir(), 'signalbox-zk-'));
});

afterAll(async () => {
  client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  tests += 1;
  root = `/t${tests}`;
  others = [];
  followed = [];
});

afterEach(async () => {
  await Promise.all(followed.map((source) => source.stop()));
  for (const other of others) other.close();
});

test('services of every format side by side, each recognised by itself, and changes of each', async () => {
  const at = `${root}/services`;
  const provider = (host: string) =>
    `${at}/com.foo.Bar/providers/${encodeURIComponent(`dubbo://${host}:20880/com.foo.Bar?version=1.0.0&group=g&weight=200`)}`;
  await client.put(`${at}/list`, '[{"host":"10.0.0.1","port":80,"weight":3},{"host":"10.0.0.2","port":80}]');
  await client.put(`${at}/one`, '{"host":"10.0.1.1","port":80}');
  await client.put(`${at}/znodes/10.0.2.1:80`, '{"weight":7}');
  await client.put(`${at}/curated/5a2f`, curator('10.0.3.1', 80));
  await client.put(`${at}/orders/77c0`, spring('10.0.4.1', { instance_status: 'UP', version: 'v2' }));
  await client.put(`${at}/dubbo-app/10.0.5.1:20880`, curator('10.0.5.1', 20880));
  await client.put(provider('10.0.6.1'));
  const source = follow();
  await source.healthy();
  const { services } = source.sink;
  expect([...services.keys()].sort()).toEqual(
    ['com.foo.Bar', 'curated', 'dubbo-app', 'list', 'one', 'orders', 'znodes'].sort(),
  );
  expect(services.get('list')?.instances.map(({ weight }) => weight)).toEqual([3, 100]);
  expect(services.get('znodes')?.instances[0]).toMatchObject({ host: '10.0.2.1', weight: 7 });
  expect(services.get('orders')?.instances[0]?.metadata).toEqual({ instance_status: 'UP', version: 'v2' });
  expect(services.get('com.foo.Bar')?.instances[0]).toEqual({
    host: '10.0.6.1',
    port: 20880,
    weight: 200,
    metadata: { protocol: 'dubbo', version: '1.0.0', group: 'g' },
  });
  expect(source.sink.revision).toMatch(/^0x[1-9a-f]/);

  await client.put(`${at}/list`, '[{"host":"10.0.0.2","port":80}]');
  await source.serves('list', ['10.0.0.2:80']);
  await client.put(`${at}/one`, '{"host":"10.0.1.2","port":80}');
  await source.serves('one', ['10.0.1.2:80']);
  await client.replace(`${at}/znodes/10.0.2.1:80`, `${at}/znodes/10.0.2.2:80`, '');
  await source.serves('znodes', ['10.0.2.2:80']);
  await client.put(`${at}/orders/77c0`, spring('10.0.4.1', { instance_status: 'OUT_OF_SERVICE' }));
  await source.serves('orders', []);
  await client.remove(`${at}/curated/5a2f`);
  await source.serves('curated', []);
  await client.remove(`${at}/dubbo-app`);
  await source.serves('dubbo-app', undefined);
  await client.put(provider('10.0.6.2'));
  await source.serves('com.foo.Bar', ['10.0.6.1:20880', '10.0.6.2:20880']);
  expect(source.sink.errors).toEqual([]);
});

test.each([
  ['json', ['dubbo3', 'hand']],
  ['curator', ['dubbo3']],
  ['spring', ['dubbo3']],
  ['dubbo', ['com.foo.Bar', 'dubbo3']],
])('format %s reads its own', async (format, serving) => {
  const at = `${root}/services`;
  const provider = encodeURIComponent('tri://10.0.6.1:50051/com.foo.Bar');
  await client.put(`${at}/hand/10.0.2.1:80`);
  await client.put(`${at}/com.foo.Bar/providers/${provider}`);
  await client.put(`${at}/dubbo3/10.0.5.1:20880`, curator('10.0.5.1', 20880));
  const source = follow({ format });
  await source.healthy();
  const served = [...source.sink.services].filter(([, { instances }]) => instances.length > 0);
  expect(served.map(([name]) => name).sort()).toEqual(serving);
});

test('bad instances cost themselves alone, and an ephemeral one goes with its session', async () => {
  const at = `${root}/services/web`;
  await client.put(`${at}/10.0.0.1:80`);
  await client.put(`${at}/10.0.0.2:80`, '{"weight":');
  await client.put(`${at}/10.0.0.3:99999`);
  await client.put(`${at}/c4d1`, '{"name":"web","id":"c4d1","address":"not an address","port":80}');
  const instance = await connect();
  await instance.putEphemeral(`${at}/10.0.0.4:80`, '5');
  const source = follow();
  await source.serves('web', ['10.0.0.1:80', '10.0.0.4:80']);
  const filtered = source.sink.services.get('web')?.filtered.map(({ address, reason }) => [address, reason]);
  expect(filtered).toEqual([
    ['10.0.0.2:80', 'bad_value'],
    ['10.0.0.3:99999', 'bad_port'],
    ['not an address:80', 'bad_address'],
  ]);
  instance.close();
  await source.serves('web', ['10.0.0.1:80']);
  await client.put(`${at}/10.0.0.2:80`, '{"weight":1}');
  await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80']);
  expect(source.sink.errors).toEqual([]);
});

test('an empty answer is data: no instance, no service, no prefix, and everything again', async () => {
  const at = `${root}/services`;
  const source = follow();
  await source.healthy();
  expect(source.sink.services.size).toBe(0);
  await client.put(`${at}/web/10.0.0.1:80`);
  await client.put(`${at}/api/10.0.0.2:80`);
  await source.serves('web', ['10.0.0.1:80']);
  await client.remove(`${at}/web/10.0.0.1:80`);
  await source.serves('web', []);
  await client.remove(`${at}/web`);
  await source.serves('web', undefined);
  await source.serves('api', ['10.0.0.2:80']);
  await client.remove(root);
  await source.serves('api', undefined);
  await client.put(`${at}/web/10.0.0.3:80`);
  await source.serves('web', ['10.0.0.3:80']);
  expect(source.sink.errors).toEqual([]);
});

test('a payload that breaks keeps its service as it was and is reported; others go on', async () => {
  const at = `${root}/services`;
  await client.put(`${at}/web`, '[{"host":"10.0.0.1","port":80}]');
  await client.put(`${at}/api`, '[{"host":"10.0.0.2","port":80}]');
  const source = follow({ format: 'json' });
  await source.healthy();
  await client.put(`${at}/web`, '[{"host":"10.0.0.1"');
  await source.failsFor('web', 'registry_bad_answer', `${at}/web: `);
  await client.put(`${at}/api`, '[{"host":"10.0.0.3","port":80}]');
  await source.serves('api', ['10.0.0.3:80']);
  expect([source.sink.addresses('web'), source.sink.healthy]).toEqual([['10.0.0.1:80'], true]);
  await client.put(`${at}/web`, '[]');
  await source.serves('web', []);
  expect(source.sink.failing.size).toBe(0);
});

test('a service that answers with what cannot be taken costs itself alone, from the start and later', async () => {
  const at = `${root}/services`;
  const codes = { none: -999, system: -1, marshalling: -5, mess: 'nonsense' } as const;
  const [big, ...bad] = ['big', ...Object.keys(codes)];
  for (const name of ['web', 'big', ...bad]) await client.put(`${at}/${name}/10.0.0.1:80`);
  await client.put(`${at}/${big}/10.0.0.1:80`, `{"weight":1,"metadata":{"a":"${'x'.repeat(200_000)}"}}`);
  const gateway = await new ZooKeeperGateway(server.port).start();
  try {
    for (const [name, code] of Object.entries(codes)) gateway.codes.set(`${at}/${name}`, code);
    const source = new FollowedZooKeeper([gateway.host], { prefix: at, max_answer: '64KiB' });
    followed.push(source);
    await source.serves('web', ['10.0.0.1:80']);
    await source.failsFor('big', 'registry_bad_answer', 'max_answer');
    await source.failsFor('none', 'registry_bad_answer', 'error code -999');
    await source.failsFor('system', 'registry_bad_answer', 'SYSTEM_ERROR');
    await source.failsFor('marshalling', 'registry_bad_answer', 'MARSHALLING_ERROR');
    await source.failsFor('mess', 'registry_bad_answer', 'mess: ');
    await client.put(`${at}/web/10.0.0.2:80`);
    await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80']);
    gateway.codes.clear();
    await client.put(`${at}/${big}/10.0.0.1:80`, '{"weight":1}');
    for (const name of ['big', ...bad]) await source.serves(name, ['10.0.0.1:80']);
    expect(source.sink.failing.size).toBe(0);
    // What was good stays.
    gateway.codes.set(`${at}/none`, -999);
    await client.put(`${at}/none/10.0.0.2:80`);
    await source.failsFor('none', 'registry_bad_answer', 'error code -999');
    expect(source.sink.addresses('none')).toEqual(['10.0.0.1:80']);
    await client.remove(`${at}/none`);
    await source.serves('none', undefined);
    expect([source.sink.errors, source.sink.failing.size]).toEqual([[], 0]);
  } finally {
    await gateway.stop();
  }
});

test('where no service can be read, the registry has not answered', async () => {
  const at = `${root}/services`;
  const owner = await connect('owner:secret');
  await client.put(at);
  await owner.putProtected(`${at}/private`);
  const source = follow();
  await source.fails('registry_refused', `${at}/private: these credentials may not read it`);
  expect(source.sink.syncs).toBe(0);
  await client.put(`${at}/web/10.0.0.1:80`);
  await source.serves('web', ['10.0.0.1:80']);
  await source.failsFor('private', 'registry_refused', `${at}/private: these credentials may not read it`);
});

test('odd names are names, and services to skip are not read', async () => {
  const at = `${root}/services`;
  const odd = ['sp ace', 'ü', '100%', 'why?', '#', 'a;b', '..a', '@@'];
  for (const name of [...odd, 'internal-a']) await client.put(`${at}/${name}/10.0.0.1:80`);
  const source = follow({ skip_services: ['internal-*'] });
  for (const name of odd) await source.serves(name, ['10.0.0.1:80']);
  for (const name of odd) await client.put(`${at}/${name}/10.0.0.2:80`);
  for (const name of odd) await source.serves(name, ['10.0.0.1:80', '10.0.0.2:80']);
  expect([source.sink.services.size, source.sink.errors, source.sink.failing.size]).toEqual([8, [], 0]);
});

test('a chroot', async () => {
  await client.put(`${root}/prod/services/web/10.0.0.1:80`);
  const source = follow({ prefix: '/services' }, `${root}/prod`);
  await source.serves('web', ['10.0.0.1:80']);
  await client.put(`${root}/prod/services/web/10.0.0.2:80`);
  await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80']);
  await client.put(`${root}/prod/services/web/10.0.0.1:80`, '{"weight":0}');
  await source.serves('web', ['10.0.0.2:80']);
});

test('a chroot and a prefix that come later', async () => {
  const source = follow({ prefix: 'services/' }, `${root}/later`);
  await source.healthy();
  await client.put(`${root}/later/services/web/10.0.0.1:80`);
  await source.serves('web', ['10.0.0.1:80']);
});

test('digest: right, wrong, put right in its file', async () => {
  const at = `${root}/services`;
  const owner = await connect('signal:b:x@/ö');
  await client.put(root);
  await owner.putProtected(at);
  await owner.putProtected(`${at}/web`);
  await owner.putProtected(`${at}/web/10.0.0.1:80`);
  const right = follow({ username: 'signal', password: 'b:x@/ö' });
  await right.serves('web', ['10.0.0.1:80']);

  const file = join(folder, 'password');
  writeFileSync(file, 'hunter2\n');
  const wrong = follow({ username: 'signal', password_file: file });
  await wrong.fails('registry_refused', `${at}: these credentials may not read it`);
  expect([wrong.sink.syncs, wrong.sink.services.size]).toEqual([0, 0]);
  writeFileSync(file, 'b:x@/ö\n');
  await wrong.serves('web', ['10.0.0.1:80']);
  expect(wrong.sink.healthy).toBe(true);
  await owner.putProtected(`${at}/web/10.0.0.2:80`);
  for (const source of [right, wrong]) await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80']);
  expect(`${right.log}${wrong.log}${wrong.failures}`).not.toMatch(/hunter2|b:x/);
});

test('a service that these credentials may not read is held; a service that they lose stays as it was', async () => {
  const at = `${root}/services`;
  const owner = await connect('owner:secret');
  await client.put(`${at}/web/10.0.0.1:80`);
  await owner.putProtected(`${at}/private`);
  const source = follow();
  await source.serves('web', ['10.0.0.1:80']);
  await source.failsFor('private', 'registry_refused', `${at}/private: these credentials may not read it`);
  expect([...source.sink.services.keys()]).toEqual(['web']);
  await client.put(`${at}/web/10.0.0.2:80`);
  await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80']);

  await owner.putProtected(`${at}/web/10.0.0.3:80`);
  await source.failsFor('web', 'registry_refused', `10.0.0.3:80: these credentials may not read it`);
  expect(source.sink.addresses('web')).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  await owner.remove(`${at}/web/10.0.0.3:80`);
  await owner.remove(`${at}/private`);
  await eventually(() => expect(source.sink.failing.size).toBe(0), 30_000);
  await source.healthy();
  expect([...source.sink.services.keys()]).toEqual(['web']);
});

test('5,000 znodes: each read once at the start and after a reconnect, and only what changes after that', async () => {
  const at = `${root}/services`;
  const services = Array.from({ length: 250 }, (_, index) => `${at}/s${index}`);
  await client.put(at);
  await client.putAll(
    services.flatMap((path, service) => [
      [path, ''] as const,
      ...Array.from({ length: 20 }, (_, index) => [`${path}/10.0.${service}.${index}:80`, ''] as const),
    ]),
  );
  const proxy = await TcpProxy.start(server.port);
  const znodes = 1 + 2 * 250 + 5_000;
  const before = await server.received();
  const source = new FollowedZooKeeper([`127.0.0.1:${proxy.port}`], { prefix: at });
  followed.push(source);
  try {
    await source.healthy();
    const first = (await server.received()) - before;
    expect(source.sink.services.size).toBe(250);
    expect(first).toBeGreaterThanOrEqual(znodes);
    // Over what has to be read: the session, probes, the test's own questions and pings.
    expect(first).toBeLessThan(znodes + 60);
    expect(source.sink.sets).toBe(250);

    proxy.cut();
    await source.fails('registry_unreachable', /closed|ECONNRESET/);
    await source.healthy();
    expect((await server.received()) - before - first).toBeLessThan(znodes + 60);
    expect(source.sink.sets).toBe(250);
  } finally {
    await proxy.close();
  }
  await source.stop();
});

test('an event reads the znode concerned again, among 1,000 of them', async () => {
  const at = `${root}/services`;
  await client.put(`${at}/s7`);
  const instances = Array.from({ length: 1_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
  await client.putAll(instances.map((address) => [`${at}/s7/${address}`, ''] as const));
  const source = follow();
  await source.healthy();
  expect(source.sink.sets).toBe(1);

  const calm = await server.received();
  await client.put(`${at}/s7/10.0.3.7:80`, '{"weight":9}');
  await eventually(() => {
    const changed = source.sink.services.get('s7')?.instances.find(({ host }) => host === '10.0.3.7');
    expect(changed?.weight).toBe(9);
  });
  expect((await server.received()) - calm).toBeLessThan(60);
  expect(source.sink.sets).toBe(2);
});
