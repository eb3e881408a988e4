import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eurekaOptions } from '../../src/discovery/eureka/options.js';
import { createEurekaSources } from '../../src/discovery/eureka/source.js';
import { Eureka, type EurekaInstance } from '../peers/eureka.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { RecordingSink } from '../support/recording-sink.js';

const PASSWORD = 'p@:/w%rd#ü{}';

/** Keeps what it has when nobody renews, as Eureka does by default. */
let steady: Eureka;
/** Drops leases that end, and forgets changes so quickly that its deltas do not add up. */
let forgetful: Eureka;
let life: AbortController;
let running: Promise<unknown>[];
let log: string;

const watch = (host: readonly string[], options: object = {}): RecordingSink => {
  const read = eurekaOptions.parse({ type: 'eureka', host, fetch_interval: 1, ...options });
  const logger = pino({ level: 'debug' }, { write: (line) => (log += line) });
  const [source] = createEurekaSources('eu', read, { logger });
  if (source === undefined) throw new Error('no source');
  const sink = new RecordingSink();
  running.push(source.run(sink, life.signal));
  return sink;
};
const served = (sink: RecordingSink, service: string, addresses: readonly string[] | undefined) =>
  eventually(() => expect(sink.addresses(service)).toEqual(addresses), 30_000);
const healthy = (sink: RecordingSink, value = true) =>
  eventually(() => expect(sink.healthy).toBe(value), 30_000);
const one = (app: string, port: number, more: Partial<EurekaInstance> = {}): EurekaInstance => ({
  app,
  host: '10.0.0.1',
  port,
  ...more,
});

beforeAll(async () => {
  const server = 'eureka.server';
  [steady, forgetful] = await Promise.all([
    Eureka.start({ password: PASSWORD, properties: { [`${server}.enable-self-preservation`]: true } }),
    Eureka.start({
      password: PASSWORD,
      properties: {
        [`${server}.retention-time-in-m-s-in-delta-queue`]: 1,
        [`${server}.delta-retention-timer-interval-in-ms`]: 50,
      },
    }),
  ]);
});

afterAll(async () => await Promise.all([steady?.close(), forgetful?.close()]));

beforeEach(() => {
  life = new AbortController();
  running = [];
  log = '';
});

afterEach(async () => {
  life.abort();
  await Promise.all(running);
  expect(log).not.toContain(PASSWORD);
});

test('sees what is registered, changed, overridden and cancelled, by deltas alone', async () => {
  const sink = watch([steady.urlWithPassword]);
  await healthy(sink);
  expect(sink.services.size).toBe(0);

  const first = one('user', 8080, { metadata: { weight: '3', zone: 'z1', version: 'v1' } });
  const secure = one('USER', 0, { host: '2001:db8::1', securePort: 8443, id: 'secure' });
  await steady.register(first);
  await steady.register({ app: 'USER', host: secure.host, securePort: 8443, id: 'secure' });
  await steady.register(one('bad', 8080, { host: 'no address!' }));
  await steady.register({ app: 'bad', host: '10.0.0.2', id: 'without a port' });
  await steady.register(one('bad', 8081));
  await served(sink, 'USER', ['10.0.0.1:8080', '[2001:db8::1]:8443']);
  const [plain, tls] = [8080, 8443].map((port) =>
    sink.services.get('USER')?.instances.find((instance) => instance.port === port),
  );
  expect(plain).toEqual({
    host: '10.0.0.1',
    port: 8080,
    weight: 3,
    metadata: { weight: '3', zone: 'z1', version: 'v1' },
    locality: { zone: 'z1' },
  });
  expect(tls).toEqual({
    host: '2001:db8::1',
    port: 8443,
    weight: 100,
    metadata: {},
    secure: true,
    secureBy: 'securePort=8443',
  });
  await served(sink, 'BAD', ['10.0.0.1:8081']);
  expect(
    sink.services
      .get('BAD')
      ?.filtered.map(({ reason }) => reason)
      .sort(),
  ).toEqual(['bad_address', 'bad_port']);

  await steady.override(secure, 'OUT_OF_SERVICE');
  await served(sink, 'USER', ['10.0.0.1:8080']);
  expect(sink.services.get('USER')?.filtered).toMatchObject([{ reason: 'status' }]);
  await steady.override(secure);
  await served(sink, 'USER', ['10.0.0.1:8080', '[2001:db8::1]:8443']);
  await steady.register({ ...first, status: 'DOWN' });
  await served(sink, 'USER', ['[2001:db8::1]:8443']);
  await steady.register({ ...first, metadata: { weight: '5' } });
  await eventually(() => {
    const instance = sink.services.get('USER')?.instances.find(({ port }) => port === 8080);
    expect(instance?.weight).toBe(5);
  }, 30_000);

  await steady.deregister(first);
  await steady.deregister(secure);
  await served(sink, 'USER', undefined);
  expect(sink.errors).toEqual([]);
  expect(log).not.toContain('do not add up');
});

test('deltas that do not add up are made good by a full read', async () => {
  const sink = watch([forgetful.urlWithPassword]);
  await healthy(sink);
  await forgetful.register(one('late', 8080));
  await served(sink, 'LATE', ['10.0.0.1:8080']);
  await forgetful.deregister(one('late', 8080));
  await served(sink, 'LATE', undefined);
  expect(sink.errors).toEqual([]);
  expect(log).toContain('do not add up');
});

test('what the server still lists is served, however old; what it drops is not', async () => {
  const kept = watch([steady.urlWithPassword]);
  const dropped = watch([forgetful.urlWithPassword]);
  await healthy(kept);
  await healthy(dropped);
  for (const server of [steady, forgetful]) await server.register(one('lease', 8080, { lease: 5 }));
  await served(kept, 'LEASE', ['10.0.0.1:8080']);
  await eventually(() => expect(dropped.services.has('LEASE')).toBe(true), 30_000);
  await served(dropped, 'LEASE', undefined);
  expect(kept.addresses('LEASE')).toEqual(['10.0.0.1:8080']);
});

test('a wrong password is refused, shown nowhere, and takes nothing out', async () => {
  await steady.register(one('auth', 8080));
  const sink = watch([steady.urlWithPassword.replace(encodeURIComponent(PASSWORD), 'wr0ng')]);
  await eventually(() => expect(sink.errors).toMatchObject([{ code: 'registry_refused' }]), 30_000);
  expect(String(sink.errors[0])).toMatch(/401/);
  expect(`${log}${String(sink.errors)}`).not.toContain('wr0ng');
  expect(sink.syncs).toBe(0);
});

test('of several hosts the next one is asked where one is dead or hangs', async () => {
  for (const server of [steady, forgetful]) await server.register(one('both', 8080));
  const dead = `http://127.0.0.1:${await freePort()}`;
  const hosts = [dead, steady.urlWithPassword, dead, forgetful.urlWithPassword];
  const sink = watch(hosts, { timeout: { read: 1_000 } });
  await served(sink, 'BOTH', ['10.0.0.1:8080']);
  try {
    // Whichever it reads from, one of these concerns it.
    for (const server of [steady, forgetful]) {
      server.process.freeze();
      const { syncs } = sink;
      await eventually(() => expect(sink.syncs).toBeGreaterThan(syncs + 1), 30_000);
      server.process.thaw();
    }
    expect(sink.addresses('BOTH')).toEqual(['10.0.0.1:8080']);
    steady.process.freeze();
    forgetful.process.freeze();
    await healthy(sink, false);
    expect(sink.addresses('BOTH')).toEqual(['10.0.0.1:8080']);
    expect(sink.errors.at(-1)?.message).toContain(steady.url);
    expect(sink.errors.at(-1)?.message).toContain(forgetful.url);
  } finally {
    steady.process.thaw();
    forgetful.process.thaw();
  }
  await healthy(sink);
});

test('a frozen server keeps what was good, and is read again when it thaws', async () => {
  await steady.register(one('frozen', 8080));
  const sink = watch([steady.urlWithPassword], { timeout: { read: 1_000 } });
  await served(sink, 'FROZEN', ['10.0.0.1:8080']);
  steady.process.freeze();
  try {
    await healthy(sink, false);
    expect(sink.errors.at(-1)?.code).toBe('registry_timeout');
    expect(sink.addresses('FROZEN')).toEqual(['10.0.0.1:8080']);
  } finally {
    steady.process.thaw();
  }
  await steady.deregister(one('frozen', 8080));
  await served(sink, 'FROZEN', undefined);
  expect(sink.healthy).toBe(true);
});

test('a restart loses all that Eureka knows: kept while it is down, gone when it answers, back with its clients', async () => {
  await forgetful.register(one('restart', 8080));
  const sink = watch([forgetful.urlWithPassword]);
  await served(sink, 'RESTART', ['10.0.0.1:8080']);
  await forgetful.stop();
  await healthy(sink, false);
  expect(sink.errors.at(-1)?.code).toBe('registry_unreachable');
  expect(sink.addresses('RESTART')).toEqual(['10.0.0.1:8080']);
  await forgetful.start();
  await served(sink, 'RESTART', undefined);
  await forgetful.register(one('restart', 8080));
  await served(sink, 'RESTART', ['10.0.0.1:8080']);
  expect(sink.healthy).toBe(true);
});
