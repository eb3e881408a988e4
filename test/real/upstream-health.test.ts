import { createServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { Consul } from '../peers/consul.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { FileLab } from '../support/file-lab.js';

let one: Backend;
let two: Backend;
let three: Backend;
let fallback: Backend;
let open: TcpServer;
let consul: Consul;
let lab: FileLab;
let closed: number;
let openPort: number;

const at = (backend: Backend, more: object = {}) => ({ host: '127.0.0.1', port: backend.port, ...more });
/** Envoy's workers learn of a change of health up to `update_merge_window`, 1 s, after its statistics. */
const answered = async (path: string, ...names: readonly string[]) =>
  await eventually(async () => expect(await lab.answers(path)).toEqual(names), 30_000);
const quick = { interval: '200ms', timeout: '1s', unhealthy_threshold: 1, healthy_threshold: 1 };
const quickly = { path: '/health', ...quick };
const defaultService = () => ({ host: '127.0.0.1', port: fallback.port, mode: 'failover' });

beforeAll(async () => {
  [one, two, three, fallback] = await Promise.all([
    Backend.start('one'),
    Backend.start('two'),
    Backend.start('three'),
    Backend.start('fallback'),
  ]);
  open = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((done) => open.listen(0, '127.0.0.1', done));
  const address = open.address();
  openPort = typeof address === 'object' && address !== null ? address.port : 0;
  closed = await freePort();
  consul = await Consul.start({ mode: 'server' });
  for (const backend of [one, two])
    await consul.kv.put(`upstreams/kv/${backend.address}`, { weight: 1, max_fails: 2, fail_timeout: 3 });
  lab = await FileLab.start({
    instances: {
      http: [at(one), at(two)],
      statuses: [at(one), at(two)],
      tcp: [at(one), { host: '127.0.0.1', port: closed }],
      byurl: [
        at(one, { metadata: { checkurl: '/health', slow_start: 30 } }),
        at(two, { metadata: { checkurl: '/health' } }),
        at(three),
      ],
      outlier: [at(one), at(two)],
      refused: [at(one), { host: '127.0.0.1', port: closed }],
      panic: [at(one), at(two)],
      strict: [at(one), at(two)],
      degraded: [at(one), at(three), at(fallback), at(two, { status: 'degraded' })],
      drained: [at(one), at(two), at(three)],
      stopgap: [at(one), at(two)],
    },
    policies: {
      http: { health_check: quickly },
      statuses: { health_check: { ...quickly, expected_statuses: [503, { start: 200, end: 203 }] } },
      tcp: { health_check: { tcp: true, ...quick } },
      outlier: {
        outlier_detection: { consecutive_5xx: 2, interval: '200ms', base_ejection_time: '2s' },
      },
      refused: {
        outlier_detection: {
          consecutive_local_origin_failure: 2,
          interval: '200ms',
          base_ejection_time: '300s',
          max_ejection_time: '300s',
        },
      },
      panic: { health_check: quickly },
      strict: { health_check: quickly, common_lb_config: { healthy_panic_threshold: 0 } },
      degraded: { health_check: quickly, common_lb_config: { healthy_panic_threshold: 0 } },
      drained: { drain_time: '8s', health_check: quickly },
      stopgap: { health_check: quickly },
      spared: { health_check: quickly },
    },
    config: {
      discovery: {
        file: { path: 'services.yaml' },
        consul_kv: { servers: [consul.url] },
        spare: { type: 'file', path: 'spare.yaml', default_service: defaultService() },
      },
      routes: [
        ...['http', 'statuses', 'tcp', 'byurl', 'outlier', 'refused', 'panic', 'strict', 'degraded'],
        ...['drained', 'stopgap', 'kv', 'spared'],
      ].map((name) => ({ match: { prefix: `/${name}/` }, service_name: name })),
    },
    files: { 'spare.yaml': { services: { spared: [at(one), at(two)] } } },
  });
  for (const name of ['http', 'byurl', 'strict', 'kv'])
    await eventually(async () => expect(await lab.answers(`/${name}/`, 10)).not.toContain('503'), 30_000);
});

afterAll(async () => {
  await lab?.close();
  await consul?.close();
  await Promise.all([one, two, three, fallback].map((backend) => backend?.close()));
  await new Promise((done) => (open === undefined ? done(undefined) : open.close(done)));
});

beforeEach(() => {
  for (const backend of [one, two, three, fallback])
    Object.assign(backend, { healthy: true, status: 200, delay: 0 });
});

describe('an active health check', () => {
  test('over HTTP takes out who fails it and brings back who passes', async () => {
    await lab.until('http', 'membership_healthy', 2);
    two.healthy = false;
    await lab.until('http', 'membership_healthy', 1);
    await answered('/http/', 'one');
    two.healthy = true;
    await answered('/http/', 'one', 'two');
  });

  test('over HTTP by statuses of its own', async () => {
    await lab.until('statuses', 'membership_healthy', 2);
    two.healthy = false;
    const seen = await lab.stat('statuses', 'health_check.success');
    await eventually(async () =>
      expect(await lab.stat('statuses', 'health_check.success')).toBeGreaterThan(seen + 4),
    );
    expect(await lab.stat('statuses', 'membership_healthy')).toBe(2);
  });

  test('over TCP', async () => {
    await lab.until('tcp', 'membership_healthy', 1);
    await answered('/tcp/', 'one');
    lab.set({ tcp: [at(one), { host: '127.0.0.1', port: openPort }] });
    await lab.until('tcp', 'membership_healthy', 2);
  });

  test('by checkurl of some instances: those without one are served unchecked, and explain says so', async () => {
    two.healthy = false;
    three.healthy = false;
    await lab.until('byurl', 'membership_healthy', 2);
    await answered('/byurl/', 'one', 'three');
    const { services } = await lab.signalbox.get<{ services: { remarks: string[] }[] }>('/explain?q=byurl');
    expect(services[0]?.remarks).toEqual([
      'slow_start is 30 s, as 1 of 3 instances say (2 say nothing)',
      'checkurl is /health, as 2 of 3 instances say (1 say nothing); those that do not say it are not checked',
    ]);
  });

  test('does not keep an instance that is gone from the registry, though its check still passes', async () => {
    await lab.until('http', 'membership_healthy', 2);
    const before = two.requests;
    lab.set({ http: [at(one)] });
    await lab.until('http', 'membership_total', 1);
    const reached = two.requests;
    expect(await lab.traffic.count('/http/', 100)).toEqual({ one: 100 });
    expect(two.requests).toBe(reached);
    expect(reached).toBeGreaterThanOrEqual(before);
    expect(two.healthy).toBe(true);
    lab.set({ http: [at(one), at(two)] });
  });
});

describe('outlier detection', () => {
  test('ejects who answers 5xx in a row, for a time', async () => {
    two.status = 500;
    await eventually(async () => {
      await lab.traffic.count('/outlier/', 10);
      expect(await lab.stat('outlier', 'outlier_detection.ejections_active')).toBe(1);
    });
    two.status = 200;
    await answered('/outlier/', 'one', 'two');
    expect(await lab.stat('outlier', 'outlier_detection.ejections_enforced_consecutive_5xx')).toBe(1);
  });

  test('ejects who cannot be reached, told apart from who answers badly', async () => {
    await eventually(async () => {
      await lab.traffic.count('/refused/', 10);
      expect(await lab.stat('refused', 'outlier_detection.ejections_active')).toBe(1);
    });
    await answered('/refused/', 'one');
  });

  test('by max_fails and fail_timeout of Consul KV', async () => {
    two.status = 500;
    await eventually(async () => {
      await lab.traffic.count('/kv/', 10);
      expect(await lab.stat('kv', 'outlier_detection.ejections_active')).toBe(1);
    });
    two.status = 200;
    expect(await lab.stat('kv', 'outlier_detection.ejections_enforced_consecutive_5xx')).toBe(1);
    await answered('/kv/', 'one', 'two');
  });
});

test('with few healthy instances left all are used, unless healthy_panic_threshold is 0', async () => {
  await lab.until('strict', 'membership_healthy', 2);
  one.healthy = false;
  two.healthy = false;
  await lab.until('strict', 'membership_healthy', 0);
  await lab.until('panic', 'membership_healthy', 0);
  await answered('/strict/', '503');
  await answered('/panic/', 'one', 'two');
});

test('what a registry calls degraded is used when too few of the others are left', async () => {
  await lab.until('degraded', 'membership_degraded', 1);
  await answered('/degraded/', 'fallback', 'one', 'three');
  for (const backend of [one, three, fallback]) backend.healthy = false;
  await answered('/degraded/', 'two');
});

test('an instance that leaves is DRAINING for drain_time, without new requests; its running ones end', async () => {
  const hostStatuses = async () => {
    const { cluster_statuses: clusters } = JSON.parse(await lab.envoy.get('/clusters?format=json')) as {
      cluster_statuses: {
        name: string;
        host_statuses?: { health_status: { eds_health_status: string } }[];
      }[];
    };
    const { host_statuses: hosts = [] } = clusters.find(({ name }) => name === 'drained') ?? {};
    return hosts.map(({ health_status }) => health_status.eds_health_status).sort();
  };
  await lab.until('drained', 'membership_healthy', 3);
  two.delay = 1_500;
  three.delay = 1_500;
  const running = Promise.all(Array.from({ length: 9 }, () => lab.traffic.get('/drained/')));
  await eventually(async () => expect(await lab.stat('drained', 'upstream_rq_active')).toBeGreaterThan(4));
  // Two of three: among the healthy ones they would be more than half failed, and in a panic be used.
  lab.set({ drained: [at(one)] });
  await eventually(async () => expect(await hostStatuses()).toEqual(['DRAINING', 'DRAINING', 'HEALTHY']));
  expect(await lab.traffic.count('/drained/', 60)).toEqual({ one: 60 });
  expect(await hostStatuses()).toEqual(['DRAINING', 'DRAINING', 'HEALTHY']);
  expect((await running).map(({ status }) => status)).toEqual(Array.from({ length: 9 }, () => 200));
  two.delay = 0;
  three.delay = 0;

  // Who comes back is served at once; who stays away is removed.
  lab.set({ drained: [at(one), at(two)] });
  await answered('/drained/', 'one', 'two');
  await lab.until('drained', 'membership_total', 2);
  expect(await hostStatuses()).toEqual(['HEALTHY', 'HEALTHY']);
});

test('the default service of a registry answers when the rest fails its check, not before', async () => {
  await lab.until('spared', 'membership_total', 3);
  await answered('/spared/', 'one', 'two');
  one.healthy = false;
  two.healthy = false;
  await answered('/spared/', 'fallback');
});

test('the default service of the top level, as failover: when none is healthy, and when none is left', async () => {
  const base = { host: '127.0.0.1', port: fallback.port };
  lab.configure({ default_service: { ...base, mode: 'failover' } });
  await lab.until('stopgap', 'membership_healthy', 3);
  two.healthy = false;
  await lab.until('stopgap', 'membership_healthy', 2);
  await answered('/stopgap/', 'one');
  one.healthy = false;
  await answered('/stopgap/', 'fallback');
  one.healthy = true;
  two.healthy = true;
  await answered('/stopgap/', 'one', 'two');
  lab.set({ stopgap: [] });
  await answered('/stopgap/', 'fallback');

  // As it is without `mode`: not behind instances, only in place of them.
  lab.set({ stopgap: [at(one), at(two)] });
  lab.configure({ default_service: base });
  await lab.until('stopgap', 'membership_total', 2);
  expect(await lab.answers('/stopgap/')).toEqual(['one', 'two']);
  lab.set({ stopgap: [] });
  await answered('/stopgap/', 'fallback');
});

test('Envoy rejected nothing of all this', async () => {
  expect(await lab.rejected()).toEqual([]);
});
