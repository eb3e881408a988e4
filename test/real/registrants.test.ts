import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates } from '../peers/certificates.js';
import { Consul } from '../peers/consul.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { Nacos } from '../peers/nacos.js';
import { freePort } from '../peers/process.js';
import { Registrants } from '../peers/registrants.js';
import { ZooKeeperServer } from '../peers/zookeeper.js';
import { Signalbox } from '../support/signalbox.js';

/** What registers itself, by the service under which Signalbox publishes it. */
interface Kind {
  readonly service: string;
  readonly library: string;
  /** By which word the second instance asks for TLS; the first one never does. */
  readonly secureBy?: string;
  /** Whether the library registers weights. */
  readonly weighted: boolean;
  /** A request to the service. */
  readonly path: string;
  readonly body?: string;
}

const greet = { path: '/peer.Greeter/greet', body: '["you"]' };
const KINDS: readonly Kind[] = [
  {
    service: 'spring-consul',
    library: 'Spring Cloud Consul',
    secureBy: 'secure=true',
    weighted: true,
    path: '/spring-consul/',
  },
  {
    service: 'spring-zookeeper',
    library: 'Spring Cloud ZooKeeper',
    secureBy: 'sslPort=',
    weighted: true,
    path: '/spring-zookeeper/',
  },
  {
    service: 'spring-nacos',
    library: 'Spring Cloud Alibaba Nacos',
    secureBy: 'secure=true',
    weighted: true,
    path: '/spring-nacos/',
  },
  { service: 'curator', library: 'Curator', weighted: true, path: '/curator/' },
  { service: 'peer.Greeter', library: 'Dubbo by interface', weighted: true, ...greet },
  {
    service: 'greeters',
    library: 'Dubbo by application',
    weighted: false,
    ...greet,
    path: '/app/peer.Greeter/greet',
  },
];

let certificates: Certificates;
let consul: Consul;
let zookeeper: ZooKeeperServer;
let nacos: Nacos;
/** Those of each name in a process of their own. */
let first: Registrants;
let second: Registrants;
let signalbox: Signalbox;
let envoy: Envoy;
let port: number;

/** Starts one instance of each kind; the ids are `consul-NAME` and so on. */
async function startAll(
  registrants: Registrants,
  name: string,
  weight: number,
  secure: boolean,
): Promise<void> {
  const { cert, key } = certificates.server;
  const spring = (service: string, properties: Readonly<Record<string, string | number>>) =>
    registrants.run(`${service}-${name}`, 'spring', {
      'spring.main.banner-mode': 'off',
      'spring.application.name': `spring-${service}`,
      'server.address': '127.0.0.1',
      'server.port': 0,
      ...(secure && { 'server.ssl.certificate': cert, 'server.ssl.certificate-private-key': key }),
      'spring.cloud.consul.enabled': 'false',
      'spring.cloud.zookeeper.enabled': 'false',
      'spring.cloud.nacos.discovery.enabled': 'false',
      ...properties,
    });
  await spring('consul', {
    'spring.cloud.consul.enabled': 'true',
    'spring.cloud.consul.host': '127.0.0.1',
    'spring.cloud.consul.port': new URL(consul.url).port,
    'spring.cloud.consul.discovery.hostname': '127.0.0.1',
    'spring.cloud.consul.discovery.instance-id': `consul-${name}`,
    'spring.cloud.consul.discovery.tags': `weight=${weight}`,
    'spring.cloud.consul.discovery.health-check-path': '/',
    'spring.cloud.consul.discovery.health-check-interval': '1s',
    ...(secure && {
      'spring.cloud.consul.discovery.scheme': 'https',
      'spring.cloud.consul.discovery.health-check-tls-skip-verify': 'true',
    }),
  });
  const sslPort = await freePort();
  await spring('zookeeper', {
    'spring.cloud.zookeeper.enabled': 'true',
    'spring.cloud.zookeeper.connect-string': zookeeper.host,
    'spring.cloud.zookeeper.session-timeout': '2s',
    'spring.cloud.zookeeper.discovery.instance-host': '127.0.0.1',
    'spring.cloud.zookeeper.discovery.metadata.weight': weight,
    // Spring registers `port` beside it, where nothing listens here.
    ...(secure && {
      'server.port': sslPort,
      'spring.cloud.zookeeper.discovery.instance-ssl-port': sslPort,
      'spring.cloud.zookeeper.discovery.instance-port': await freePort(),
    }),
  });
  await spring('nacos', {
    'spring.cloud.nacos.discovery.enabled': 'true',
    'spring.cloud.nacos.discovery.server-addr': new URL(nacos.url).host,
    'spring.cloud.nacos.discovery.ip': '127.0.0.1',
    'spring.cloud.nacos.discovery.weight': weight,
    'spring.cloud.nacos.discovery.secure': String(secure),
  });
  const hosts = zookeeper.host;
  await registrants.run(`curator-${name}`, 'curator', {
    hosts,
    base: '/services',
    service: 'curator',
    weight,
  });
  await registrants.run(`dubbo-${name}`, 'dubbo', {
    application: 'greeters',
    registry: `zookeeper://${hosts}`,
    mode: 'all',
    protocol: 'tri',
    port: await freePort(),
    weight,
  });
}

/** Who answers so many requests, by name of the instance (a, b) or status. */
async function answers({ path, body }: Kind, count: number): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (let sent = 0; sent < count; sent += 1) {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      body: body ?? null,
    });
    const text = await answer.body.text();
    const [, name = String(answer.statusCode)] =
      /^"?[a-z]+-([a-z])"?$/.exec(String(answer.headers['x-service'] ?? text)) ?? [];
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const each = describe.each(KINDS.map((kind) => [kind.library, kind] as const));

beforeAll(async () => {
  [certificates, consul, zookeeper, nacos, first, second] = await Promise.all([
    Certificates.make(),
    Consul.start(),
    ZooKeeperServer.start(),
    Nacos.start(),
    Registrants.start(),
    Registrants.start(),
  ]);
  await startAll(first, 'a', 1, false);
  port = await freePort();
  signalbox = await Signalbox.start({
    discovery: {
      consul: { servers: [consul.url], use_weights: 'tags' },
      zookeeper: { hosts: [zookeeper.host] },
      dubbo: { type: 'zookeeper', hosts: [zookeeper.host], prefix: '/dubbo', format: 'dubbo' },
      nacos: { host: [nacos.url], fetch_interval: 1 },
    },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: [
      ...['spring-consul', 'spring-zookeeper', 'spring-nacos', 'curator', 'peer.Greeter'].map((service) => ({
        match: { prefix: `/${service}/` },
        service_name: service,
      })),
      { match: { prefix: '/app/' }, rewrite: { prefix: '/' }, service_name: 'greeters' },
    ],
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
}, 180_000);

afterAll(async () => {
  await Promise.all([first, second].map((process) => process?.kill()));
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all([consul, zookeeper, nacos].map((server) => server?.close()));
  certificates?.remove();
});

each('%s', (_, kind) => {
  test('the instance that was there before is answered by', async () => {
    await eventually(async () => expect(await answers(kind, 4)).toEqual({ a: 4 }), 30_000);
  });
});

describe('a second instance, with three times the weight, and with TLS where Spring has it', () => {
  beforeAll(async () => await startAll(second, 'b', 3, true), 60_000);

  each('%s', (_, kind) => {
    test('gets its share', async () => {
      await eventually(async () => {
        const { a = 0, b = 0, ...others } = await answers(kind, 40);
        expect(others).toEqual({});
        expect(a).toBeGreaterThan(0);
        expect(b / (a + b)).toBeCloseTo(kind.weighted ? 0.75 : 0.5, 1);
      }, 30_000);
    });

    test('is explained', async () => {
      const { services } = await signalbox.get<{ services: readonly { remarks: readonly string[] }[] }>(
        `/explain?q=${kind.service}`,
      );
      const remarks = services.flatMap((service) => service.remarks).join();
      if (kind.secureBy === undefined) expect(remarks).not.toContain('TLS');
      else {
        expect(remarks).toContain(`TLS is spoken to 1 of 2 instances, which ask for it (${kind.secureBy}`);
        expect(remarks).toContain('their certificates are not checked');
      }
    });
  });
});

describe('the second one, stopped by its owner', () => {
  beforeAll(() => {
    for (const id of ['consul', 'zookeeper', 'nacos', 'curator', 'dubbo']) second.end(`${id}-b`);
  });

  each('%s', (_, kind) => {
    test('leaves the first one alone', async () => {
      await eventually(async () => expect(await answers(kind, 8)).toEqual({ a: 8 }), 30_000);
    });
  });
});

describe('the first one, killed', () => {
  beforeAll(async () => await first.kill());

  each('%s', (_, kind) => {
    test('is gone from Envoy', async () => {
      await eventually(async () => {
        const lines = (await envoy.get('/clusters'))
          .split('\n')
          .filter((line) => line.startsWith(`${kind.service}::`));
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.filter((line) => /^[^:]+::\d+\.\d+\.\d+\.\d+:\d+::/.test(line))).toEqual([]);
      }, 45_000);
    });
  });
});

test('Dubbo was spoken to by HTTP/2', async () => {
  for (const service of ['peer.Greeter', 'greeters']) {
    const stats = await envoy.stats(`cluster.${service}.upstream_cx_http`);
    expect(stats.get(`cluster.${service}.upstream_cx_http2_total`)).toBeGreaterThan(0);
    expect(stats.get(`cluster.${service}.upstream_cx_http1_total`) ?? 0).toBe(0);
  }
});

test('Envoy rejected nothing', async () => {
  const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThan(0);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
