import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyBootstrap } from '../../src/cli/bootstrap.js';
import { Backend } from '../peers/backend.js';
import { eventually } from '../peers/eventually.js';
import { FileLab } from '../support/file-lab.js';

const NAMES = ['a', 'b', 'c', 'd'] as const;
/** Of slow start, milliseconds. */
const WINDOW = 8_000;
let began: number;
let backends: readonly Backend[];
let lab: FileLab;

const at = (index: number, more: object = {}) => ({
  host: '127.0.0.1',
  port: backends[index]?.port ?? 0,
  ...more,
});
const all = (more: object = {}) => NAMES.map((_, index) => at(index, more));
const route = (prefix: string, service_name: string, more: object) => ({
  match: { prefix: `/${prefix}/` },
  service_name,
  ...more,
});
/** Two of `v1`, two of `v2`. */
const versions = (build: string) =>
  NAMES.map((_, index) => at(index, { metadata: { version: index < 2 ? 'v1' : 'v2', build } }));

beforeAll(async () => {
  backends = await Promise.all(NAMES.map((name) => Backend.start(name)));
  lab = await FileLab.start({
    instances: {
      ring: all(),
      maglev: all(),
      busy: all(),
      slow: [at(0)],
      weighted: [at(0, { weight: 9 }), at(1)],
      random: all(),
      versions: versions('1'),
      lenient: versions('1'),
      zoned: [at(0, { metadata: { zone: 'z1' } }), at(1, { locality: { zone: 'z2' } })],
    },
    policies: {
      ring: {
        lb_policy: 'RING_HASH',
        ring_hash_lb_config: {
          minimum_ring_size: 512,
          maximum_ring_size: 4_096,
          hash_function: 'MURMUR_HASH_2',
        },
      },
      maglev: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 65_537 } },
      busy: { lb_policy: 'LEAST_REQUEST', least_request_lb_config: { choice_count: 4 } },
      slow: { slow_start: { window: WINDOW / 1_000, aggression: 1, min_weight_percent: 1 } },
      random: { lb_policy: 'RANDOM' },
      lenient: { subset_fallback: 'ANY_ENDPOINT' },
      zoned: {
        common_lb_config: { zone_aware_lb_config: { min_cluster_size: 1 } },
        health_check: { path: '/health', interval: '200ms', unhealthy_threshold: 1, healthy_threshold: 1 },
      },
    },
    routes: [
      route('header', 'ring', { hash_policy: [{ header: 'X-User' }] }),
      route('cookie', 'ring', { hash_policy: [{ cookie: { name: 'who', ttl: '60s', path: '/cookie' } }] }),
      route('source', 'ring', { hash_policy: [{ source_ip: true }] }),
      route('query', 'maglev', { hash_policy: [{ query: 'user' }] }),
      route('terminal', 'maglev', {
        hash_policy: [{ header: 'x-user', terminal: true }, { query: 'user' }],
      }),
      route('v1', 'versions', { subset: { version: 'v1' } }),
      route('v2', 'versions', { subset: { version: 'v2' } }),
      route('v3', 'versions', { subset: { version: 'v3' } }),
      route('lenient-v3', 'lenient', { subset: { version: 'v3' } }),
      {
        match: { prefix: '/split/' },
        weighted: [
          { service_name: 'versions', weight: 90, subset: { version: 'v1' } },
          { service_name: 'versions', weight: 10, subset: { version: 'v2' } },
        ],
      },
    ],
    bootstrap: (port) =>
      envoyBootstrap({
        xds: { host: '127.0.0.1', port },
        admin: { host: '127.0.0.1', port: 0 },
        mode: 'delta',
        node: 'proxy-1',
        cluster: 'proxies',
        loadReports: true,
        zone: 'z1',
      }),
  });
  await eventually(async () => expect(await lab.answers('/random/')).toEqual([...NAMES]), 30_000);
  began = performance.now();
});

afterAll(async () => {
  await lab?.close();
  await Promise.all((backends ?? []).map((backend) => backend.close()));
});

/** Which service answers each of these requests. */
const services = async (paths: readonly string[], headers: (index: number) => Record<string, string>) =>
  await Promise.all(paths.map(async (path, index) => (await lab.traffic.get(path, headers(index))).service));
const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);

describe('a hash policy sends what is alike to the same instance, and spreads what is not:', () => {
  test.each([
    ['a header, RING_HASH', (user: string) => ['/header/', { 'x-user': user }] as const],
    ['a query parameter, MAGLEV', (user: string) => [`/query/?user=${user}`, {}] as const],
  ])('%s', async (_name, ask) => {
    const paths = users.map((user) => ask(user)[0]);
    const headers = (index: number) => ({ ...ask(users[index] ?? '')[1] });
    const once = await services(paths, headers);
    expect(await services(paths, headers)).toEqual(once);
    expect(new Set(once).size).toBeGreaterThan(2);
  });

  test('the client address', async () => {
    expect(await lab.answers('/source/')).toHaveLength(1);
  });

  test('a terminal one that finds something leaves the others out', async () => {
    const paths = users.map((user) => `/terminal/?user=${user}`);
    expect(new Set(await services(paths, () => ({ 'x-user': 'always' }))).size).toBe(1);
    expect(new Set(await services(paths, () => ({}))).size).toBeGreaterThan(2);
  });

  test('a cookie, which Envoy hands out', async () => {
    const dispatcher = new Agent();
    const ask = async (headers: Record<string, string>) => {
      const answer = await request(`http://127.0.0.1:${lab.traffic.port}/cookie/`, { dispatcher, headers });
      await answer.body.dump();
      return { service: String(answer.headers['x-service']), cookie: answer.headers['set-cookie'] };
    };
    const first = await ask({});
    expect(String(first.cookie)).toMatch(/^who="?[^;]+"?; Max-Age=60; Path=\/cookie/);
    const cookie = String(first.cookie).split(';')[0] ?? '';
    for (let round = 0; round < 10; round++) {
      const next = await ask({ cookie });
      expect(next).toEqual({ service: first.service, cookie: undefined });
    }
    await dispatcher.destroy();
  });
});

test('RANDOM goes to all, whatever they weigh is for the others: ROUND_ROBIN 9:1', async () => {
  expect(await lab.answers('/random/', 100)).toEqual([...NAMES]);
  const counts = await lab.traffic.count('/weighted/', 400);
  expect(counts.a).toBeGreaterThan(330);
  expect(counts.b).toBeGreaterThan(20);
});

test('LEAST_REQUEST with as many choices as there are instances avoids the slow one', async () => {
  const [slow] = backends;
  if (slow === undefined) throw new Error('no backend');
  slow.delay = 300;
  const counts = await lab.traffic.count('/busy/', 400);
  slow.delay = 0;
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(400);
  expect(counts.a ?? 0).toBeLessThan(60);
});

describe('subsets by metadata', () => {
  test('a route gets its own, a route that names none gets all', async () => {
    expect(await lab.answers('/v1/')).toEqual(['a', 'b']);
    expect(await lab.answers('/v2/')).toEqual(['c', 'd']);
    expect(await lab.answers('/versions/')).toEqual([...NAMES]);
  });

  test('one that is empty is answered by Envoy, or by any instance where that is asked for', async () => {
    expect(await lab.traffic.count('/v3/', 10)).toEqual({ 503: 10 });
    expect(await lab.answers('/lenient-v3/')).toEqual([...NAMES]);
  });

  test('shares of one service', async () => {
    const counts = await lab.traffic.count('/split/', 1_000);
    const first = (counts.a ?? 0) + (counts.b ?? 0);
    const second = (counts.c ?? 0) + (counts.d ?? 0);
    expect(first + second).toBe(1_000);
    expect(first).toBeGreaterThan(850);
    expect(second).toBeGreaterThan(50);
  });

  test('metadata that no subset is told by changes nothing for Envoy, the other does', async () => {
    const before = await lab.stat('versions', 'update_success');
    lab.set({ versions: versions('2') });
    await eventually(async () =>
      expect(JSON.stringify(await lab.signalbox.get('/services/versions'))).toContain('"build":"2"'),
    );
    // A change after it has arrived: so would the one before have.
    lab.set({ lenient: versions('2').slice(1) });
    await lab.until('lenient', 'membership_total', 3);
    expect(await lab.stat('versions', 'update_success')).toBe(before);
    lab.set({
      versions: NAMES.map((_, index) => at(index, { metadata: { version: index < 1 ? 'v1' : 'v3' } })),
    });
    await eventually(async () => expect(await lab.answers('/v1/')).toEqual(['a']), 20_000);
    expect(await lab.answers('/v3/')).toEqual(['b', 'c', 'd']);
    expect(await lab.traffic.count('/v2/', 10)).toEqual({ 503: 10 });
  });

  test('a route that is added makes its subset', async () => {
    lab.configure({
      routes: [route('build', 'lenient', { subset: { build: 2 } }), route('v1', 'lenient', {})],
    });
    await eventually(async () => expect(await lab.answers('/build/')).toEqual(['b', 'c', 'd']), 20_000);
    lab.set({ lenient: [at(0, { metadata: { build: '2' } }), at(1, { metadata: { build: '3' } })] });
    await eventually(async () => expect(await lab.answers('/build/')).toEqual(['a']), 20_000);
    expect(await lab.answers('/v1/')).toEqual(['a', 'b']);
    lab.configure({});
    await eventually(async () => expect(await lab.answers('/random/')).toEqual([...NAMES]), 20_000);
  });
});

test('an instance of the own zone is preferred while it is healthy', async () => {
  const [own] = backends;
  if (own === undefined) throw new Error('no backend');
  await lab.until('zoned', 'membership_healthy', 2);
  expect(await lab.traffic.count('/zoned/', 100)).toEqual({ a: 100 });
  expect(await lab.stat('zoned', 'lb_zone_routing_all_directly')).toBeGreaterThanOrEqual(100);
  own.healthy = false;
  await lab.until('zoned', 'membership_healthy', 1);
  expect(await lab.traffic.count('/zoned/', 50)).toEqual({ b: 50 });
  own.healthy = true;
  await lab.until('zoned', 'membership_healthy', 2);
  await eventually(async () => expect(await lab.answers('/zoned/')).toEqual(['a']));
});

test('a new instance gets few requests at first, and its share once slow_start is over', async () => {
  // The one that was there at the start is no longer new.
  await eventually(() => expect(performance.now() - began).toBeGreaterThan(WINDOW), 2 * WINDOW);
  lab.set({ slow: [at(0), at(1)] });
  await lab.until('slow', 'membership_total', 2);
  const first = await lab.traffic.count('/slow/', 200);
  console.log(`at the start of slow start: ${JSON.stringify(first)}`);
  expect(first.b ?? 0).toBeLessThan(70);
  await eventually(async () => {
    const later = await lab.traffic.count('/slow/', 100);
    expect(later.b ?? 0).toBeGreaterThan(45);
  }, 4 * WINDOW);
});

test('Envoy rejected nothing of all this', async () => {
  expect(await lab.rejected()).toEqual([]);
});
