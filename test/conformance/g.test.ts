import { connect as connectTcp } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { eventually } from '../peers/eventually.js';
import { connect } from './lab.js';
import {
  cluster,
  endpoints,
  largeEndpoints,
  named,
  namesOf,
  portsOf,
  resourceOf,
  withTtl,
  world,
} from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS, type ScriptedProxy } from './scripted-proxy.js';
import { WireStream } from './wire-stream.js';

const MEBIBYTE = 1024 * 1024;

/** The server serves a proxy that comes now. */
async function expectAlive(proxy: ScriptedProxy): Promise<void> {
  expect(namesOf(await proxy.hold(CDS))).toEqual(['a', 'b', 'c']);
  await proxy.end();
}

rule('G01', async ({ proxy }) => {
  const client = proxy();
  expect((await client.hold(CDS)).identifier).toBe('replica-1');
  expect((await client.hold(EDS, 'a')).identifier).toBe('replica-1');
});

rule('G02', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  await client.hold(CDS);
  for (const type of [TYPE_URL.secret, TYPE_URL.runtime, 'type.googleapis.com/example.Unknown']) {
    client.subscribe(type, 'something');
    client.subscribe(type, 'more');
  }
  await client.settled();
  lab.put(cluster('a', 2_000));
  expect(namesOf(await client.take(CDS))).toContain('a');
  expect(namesOf(await client.hold(EDS, 'a'))).toEqual(['a']);
  const others = client.log.filter(({ typeUrl }) => typeUrl !== CDS && typeUrl !== EDS);
  // SotW says with an empty layer that there is none, see R57.
  const layers = sotw ? ['something', 'more'] : [];
  expect(others.flatMap(namesOf)).toEqual(layers);
});

rule('G03', async ({ proxy }) => {
  const client = proxy();
  client.send({ typeUrl: '' });
  const { code, details } = await client.stream('').ended;
  expect(code).toBe(status.INVALID_ARGUMENT);
  expect(details).toContain('type_url');
  await expectAlive(proxy());
});

rule('G04', async ({ proxy, sotw }) => {
  const client = proxy();
  const node = { id: 'short', cluster: 'test' };
  client.stream(CDS).send({ node, typeUrl: '' });
  const clusters = await client.next(CDS);
  expect(namesOf(clusters)).toEqual(['a', 'b', 'c']);
  client.stream(EDS).send({ node, typeUrl: '', ...(sotw ? { names: ['a'] } : { subscribe: ['a'] }) });
  expect(namesOf(await client.next(EDS))).toEqual(['a']);
  await client.end();
});

rule('G05', async ({ proxy }) => {
  const client = proxy();
  client.stream(CDS).send({ typeUrl: CDS });
  expect(namesOf(await client.next(CDS))).toEqual(['a', 'b', 'c']);
  await client.end();
  await expectAlive(proxy());
});

rule('G06', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  expect((await client.stream(CDS).halfClose()).code).toBe(status.OK);
  await eventually(() => expect(lab.server.streams.size).toBe(0));
});

rule('G07', async ({ proxy, lab }) => {
  const [good, first, later] = [proxy(), proxy(), proxy()];
  await good.hold(CDS);
  await later.hold(CDS);
  const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  first.stream(CDS).sendBytes(garbage);
  later.stream(CDS).sendBytes(garbage);
  for (const bad of [first, later]) expect((await bad.stream(CDS).ended).code).toBe(status.INVALID_ARGUMENT);
  lab.put(cluster('a', 2_000));
  await good.take(CDS);
  await good.end();
});

rule('G08', async ({ proxy, lab }) => {
  const client = connect(lab.address);
  const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
  for (const path of [`${service}/FetchResources`, '/no.such.Service/StreamNothing']) {
    const stream = new WireStream(client, path, 'sotw', () => undefined);
    expect((await stream.ended).code).toBe(status.UNIMPLEMENTED);
  }
  client.close();
  await expectAlive(proxy());
});

rule('G09', async ({ proxy, lab }) => {
  const held = Array.from({ length: 25 }, () => proxy());
  await Promise.all(held.map((client) => client.hold(CDS)));
  const early = Array.from({ length: 25 }, () => proxy());
  for (const client of early) client.subscribe(CDS);
  for (const client of [...held, ...early]) client.cut();
  lab.put(cluster('d'));
  lab.remove(cluster('d'));
  await expectAlive(proxy());
  await eventually(() => expect(lab.server.streams.size).toBe(0));
});

rule('G10', async ({ lab, variant }) => {
  const proxies = Array.from({ length: 5 }, () => lab.proxies(variant, 20)).flat();
  await Promise.all(proxies.map((client) => client.hold(CDS)));
  await Promise.all(proxies.map((client) => client.hold(EDS, 'a')));
  expect(lab.server.streams.size).toBe(100);
  lab.put(endpoints('a', 7));
  for (const response of await Promise.all(proxies.map((client) => client.take(EDS))))
    expect(portsOf(response, 'a')).toEqual([7]);
});

rule('G11', async ({ proxy, lab }) => {
  const [stuck, good] = [proxy(), proxy()];
  await stuck.hold(EDS, 'a');
  await good.hold(EDS, 'a');
  stuck.stream(EDS).pause();
  for (let port = 1; port <= 100; port += 1) {
    lab.put(largeEndpoints('a', port, MEBIBYTE / 16));
    await good.until(EDS, (response) => portsOf(response, 'a')[0] === port);
  }
  stuck.stream(EDS).resume();
  await stuck.until(EDS, (response) => portsOf(response, 'a')[0] === 100);
  await stuck.end();
});

rule('G12', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  client.stream(EDS).pause();
  const changes = 100;
  for (let port = 1; port <= changes; port += 1) {
    lab.put(largeEndpoints('a', port, MEBIBYTE / 16));
    if (port % 10 === 0) await proxy().settled();
  }
  client.stream(EDS).resume();
  await client.until(EDS, (response) => portsOf(response, 'a')[0] === changes);
  expect(client.log.length).toBeLessThan(changes / 2);
  await client.end();
});

rule('G13', async ({ proxy, lab }) => {
  lab.put(largeEndpoints('large', 7, 5 * MEBIBYTE));
  const client = proxy();
  const response = await client.hold(EDS, 'large');
  expect(resourceOf(response, 'large').body.length).toBeGreaterThan(4 * MEBIBYTE);
  await client.end();
});

rule('G14', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  const names = Array.from({ length: 5_000 }, (_, index) => `service-${index}-${'x'.repeat(900)}`);
  const known = new Map(names.map((name) => [name, 'version']));
  const asked = ['a', ...names];
  if (sotw) client.send({ typeUrl: EDS, names: asked });
  else client.send({ typeUrl: EDS, subscribe: asked, known });
  const response = await client.next(EDS);
  expect(namesOf(response)).toEqual(['a']);
  if (!sotw) expect(response.removed).toHaveLength(names.length);
  lab.put(endpoints(names[0] ?? '', 7));
  expect(portsOf(await client.next(EDS), names[0] ?? '')).toEqual([7]);
  await client.end();
});

rule('G15', async ({ lab, variant }) => {
  const gzip = 2;
  const client = lab.proxy(variant, { channel: { 'grpc.default_compression_algorithm': gzip } });
  await expectAlive(client);
});

rule('G16', async ({ proxy, lab }) => {
  const port = Number(lab.address.split(':').at(-1));
  const sockets = [connectTcp(port, '127.0.0.1'), connectTcp(port, '127.0.0.1')];
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  sockets[0]?.write('PRI * HTTP/2.0\r\n');
  await expectAlive(proxy());
  for (const socket of sockets) socket.destroy();
  await expectAlive(proxy());
});

const TTL = 3_000;
const { scopedRoute, virtualHost, extensionConfig, runtime, secret } = TYPE_URL;

rule(
  'G17',
  async ({ proxy, sotw, lab }) => {
    const client = proxy();
    const clusters = await client.hold(CDS);
    expect(resourceOf(clusters, 'a').ttl).toBe(TTL);
    expect(resourceOf(clusters, 'b').ttl).toBeUndefined();
    const assignments = await client.hold(EDS, 'a', 'b');
    // An Envoy that speaks SotW crashes when the TTL of a load assignment runs out.
    expect(resourceOf(assignments, 'a').ttl).toBe(sotw ? undefined : TTL);
    for (let beat = 1; beat <= 2; beat += 1) {
      const began = performance.now();
      const heartbeat = await client.take(CDS);
      expect(performance.now() - began).toBeLessThan(TTL);
      const beating = { name: 'a', ttl: TTL, version: resourceOf(clusters, 'a').version };
      // In SotW Envoy drops a heartbeat without content: it is the full state.
      if (sotw) {
        expect(heartbeat.version).toBe(clusters.version);
        expect(namesOf(heartbeat)).toEqual(['a', 'b', 'c']);
        expect(resourceOf(heartbeat, 'a')).toMatchObject({ ...beating, typeUrl: CDS });
      } else expect(heartbeat.resources).toMatchObject([{ ...beating, typeUrl: '' }]);
      if (!sotw) expect(namesOf(await client.take(EDS))).toEqual(['a']);
    }
    lab.put(endpoints('b', 7));
    expect(portsOf(await client.until(EDS, (response) => namesOf(response).includes('b')), 'b')).toEqual([7]);
    expect(new Set(client.log.map(({ nonce }) => nonce)).size).toBe(client.log.length);
    if (sotw) expect(client.log.filter(({ typeUrl }) => typeUrl === EDS)).toHaveLength(2);
  },
  world().map((resource) =>
    resource.name === 'a' && resource.typeUrl !== LDS ? withTtl(resource, TTL) : resource,
  ),
);

rule(
  'G18',
  async ({ proxy }) => {
    const client = proxy();
    for (const [typeUrl, name] of [
      [EDS, 'a'],
      [RDS, 'http'],
      [secret, 'one'],
      [extensionConfig, 'one'],
      [scopedRoute, 'one'],
    ] as const)
      expect(resourceOf(await client.hold(typeUrl, name), name).ttl).toBeUndefined();
    await client.end();
  },
  [...world(), ...[secret, extensionConfig, scopedRoute].map((typeUrl) => named(typeUrl, 'one'))].map(
    (resource) => withTtl(resource, TTL),
  ),
);
const SEPARATE = [scopedRoute, virtualHost, extensionConfig, runtime, secret];

rule(
  'G19',
  async ({ proxy, lab, sotw }) => {
    const client = proxy();
    for (const typeUrl of SEPARATE) {
      // Envoy's API has no StreamVirtualHosts.
      if (sotw && typeUrl === virtualHost) continue;
      expect(namesOf(await client.hold(typeUrl, 'one'))).toEqual(['one']);
      lab.put(named(typeUrl, 'one', 'changed'));
      expect(namesOf(await client.take(typeUrl))).toEqual(['one']);
    }
    await client.end();
  },
  [...world(), ...SEPARATE.map((typeUrl) => named(typeUrl, 'one'))],
);

/** More than the responses that may be under way on a stream. */
const EXPIRING = [
  CDS,
  LDS,
  runtime,
  ...[1, 2, 3, 4].map((index) => `type.googleapis.com/test.Expiring${index}`),
];
const SHORT_TTL = 300;

rule(
  'G20',
  async ({ proxy }) => {
    const client = proxy();
    for (const typeUrl of EXPIRING) await client.hold(typeUrl, 'one');
    for (let beat = 1; beat <= 3; beat += 1)
      for (const typeUrl of EXPIRING) expect(namesOf(await client.take(typeUrl))).toEqual(['one']);
  },
  EXPIRING.map((typeUrl) => withTtl(named(typeUrl, 'one'), SHORT_TTL)),
);

rule(
  'G21',
  async ({ proxy }) => {
    const client = proxy();
    const { body } = resourceOf(await client.hold(CDS), 'a');
    const heartbeat = await client.next(CDS);
    expect(resourceOf(heartbeat, 'a').typeUrl).toBe('');
    client.nack(heartbeat, 'type URL  embedded in an individual Any does not match');
    const again = await client.until(CDS, ({ resources }) =>
      resources.some(({ typeUrl }) => typeUrl === CDS),
    );
    expect(namesOf(again)).toEqual(['a']);
    expect(resourceOf(again, 'a').body).toEqual(body);
    // And goes on with heartbeats.
    expect(resourceOf(await client.take(CDS), 'a').typeUrl).toBe('');
  },
  [withTtl(cluster('a'), SHORT_TTL), cluster('b')],
);

rule(
  'G22',
  async ({ proxy }) => {
    const { version } = await proxy().hold(runtime, 'one', 'two');
    const envoy = proxy({ node: { id: 'envoy', cluster: 'test', user_agent_name: 'envoy' } });
    envoy.send({ typeUrl: runtime, names: ['one', 'two'], version });
    expect(namesOf(await envoy.take(runtime))).toEqual(['one']);
    await envoy.end();
  },
  [withTtl(named(runtime, 'one'), 600_000), named(runtime, 'two')],
);
