import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const SERVICES = 1_000;

let etcd: Etcd;
let proxy: TcpProxy;
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;
let steady: ReturnType<Traffic['steady']>;
let one: Backend;
let two: Backend;
let fallback: Backend;

const key = (service: string, backend: Backend) => `/services/${service}/${backend.address}`;
const all = (): (readonly [string, unknown])[] => [
  [key('steady', one), { weight: 1 }],
  [key('changing', one), { weight: 1 }],
  ...Array.from({ length: SERVICES }, (_, n) => [key(`s${n}`, one), { weight: 1 }] as const),
];

beforeAll(async () => {
  one = await Backend.start('one');
  two = await Backend.start('two');
  fallback = await Backend.start('fallback');
  etcd = await Etcd.start();
  proxy = await TcpProxy.start(etcd.port);
  await etcd.client.putAll(all());
  const port = await freePort();
  signalbox = await Signalbox.start({
    discovery: {
      etcd: {
        endpoints: [`http://127.0.0.1:${proxy.port}`],
        keepalive_interval: '500ms',
        timeout: { connect: '1500ms', read: '1500ms' },
        relist_jitter: '50ms',
        // A wiped store is to be believed at once here.
        mass_loss: { hold: 0 },
      },
    },
    default_service: { host: '127.0.0.1', port: fallback.port },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: ['steady', 'changing'].map((name) => ({ match: { prefix: `/${name}/` }, service_name: name })),
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
  await answers('/steady/', 'one');
  steady = traffic.steady('/steady/');
});

afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await proxy?.close();
  await etcd?.close();
  await Promise.all([one, two, fallback].map((backend) => backend?.close()));
});

const answers = (path: string, service: string) =>
  eventually(async () => expect((await traffic.get(path)).service).toBe(service), 30_000);

const becomes = (state: string) =>
  eventually(
    async () => expect(await signalbox.get('/registries')).toMatchObject({ registries: [{ state }] }),
    30_000,
  );

/** How often Envoy was sent each cluster's endpoints, by service. */
async function updates(): Promise<ReadonlyMap<string, number>> {
  const stats = await envoy.stats('cluster.');
  return new Map(
    [...stats].flatMap(([name, value]) => {
      const service = /^cluster\.(.+)\.update_success$/.exec(name)?.[1];
      // `xds` is the bootstrap's own, whose name is resolved again now and then.
      return service === undefined || service === 'xds' ? [] : [[service, value] as const];
    }),
  );
}

test('compacted past our revision while disconnected: what changed is pushed, and nothing else', async () => {
  await eventually(async () => expect((await updates()).get(`s${SERVICES - 1}`)).toBe(1), 30_000);
  const before = await updates();
  const cds = (await envoy.stats('cluster_manager.cds.update_success')).get(
    'cluster_manager.cds.update_success',
  );
  proxy.refuse();
  await becomes('failing');
  await etcd.client.put(key('s1', one), { weight: 9 });
  await etcd.client.put(key('s2', two), { weight: 1 });
  await etcd.client.delete(key('s3', one));
  await etcd.client.put(key('s4', one), { weight: 1 });
  await etcd.client.put(key('new', one), { weight: 1 });
  await etcd.client.put(key('changing', two), { weight: 1 });
  await etcd.client.delete(key('changing', one));
  await etcd.client.compact();
  proxy.forward();
  await answers('/changing/', 'two');
  await eventually(async () => expect((await updates()).get('new')).toBe(1));
  await becomes('synced');
  // A change after it all has been pushed, so everything before it has.
  await etcd.client.put(key('s5', two), { weight: 1 });
  await eventually(async () => expect((await updates()).get('s5')).toBe(2));
  const after = await updates();
  const pushed = [...after]
    .filter(([service, count]) => count !== before.get(service))
    .map(([service]) => service);
  expect(pushed.sort()).toEqual(['changing', 'new', 's1', 's2', 's5']);
  expect(after.has('s3')).toBe(false);
  expect(after.size).toBe(before.size);
  expect(signalbox.process.output).toContain('etcd: listing all keys again');
  // One answer with what came and what went.
  const stats = await envoy.stats('cluster_manager.cds.');
  expect(stats.get('cluster_manager.cds.update_success')).toBeLessThanOrEqual((cds ?? 0) + 2);
});

const changesAreSeen = async () => {
  const [from, to] = (await traffic.get('/changing/')).service === 'one' ? [one, two] : [two, one];
  await etcd.client.put(key('changing', to), { weight: 1 });
  await etcd.client.delete(key('changing', from));
  await answers('/changing/', to.name);
  await becomes('synced');
};

test('etcd restarted: nothing is pushed, and changes go on', async () => {
  const before = await updates();
  await etcd.stop();
  await becomes('failing');
  expect((await traffic.get('/changing/')).status).toBe(200);
  await etcd.start();
  await changesAreSeen();
  const after = await updates();
  const pushed = [...after]
    .filter(([service, count]) => count !== before.get(service))
    .map(([service]) => service);
  expect(pushed).toEqual(['changing']);
});

test('etcd frozen for 15 s: what was good stays, and changes go on', async () => {
  const frozen = performance.now();
  etcd.process.freeze();
  await becomes('failing');
  await eventually(() => expect(performance.now() - frozen).toBeGreaterThan(15_000), 30_000);
  expect((await traffic.get('/changing/')).status).toBe(200);
  etcd.process.thaw();
  await changesAreSeen();
});

test('the data wiped: an empty store is an answer, and what is written again is served again', async () => {
  await etcd.wipe();
  await etcd.start();
  await answers('/steady/', 'fallback');
  await eventually(async () =>
    expect([...(await updates()).keys()].filter((name) => /^s\d/.test(name))).toEqual([]),
  );
  await etcd.client.putAll(all());
  await answers('/steady/', 'one');
  await eventually(async () => expect((await updates()).get(`s${SERVICES - 1}`)).toBe(1), 30_000);
});

test('no request failed, and Envoy rejected nothing, in all of it', async () => {
  const { requests, failures } = await steady.stop();
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(500);
  const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
