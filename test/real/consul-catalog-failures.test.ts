import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Consul, type ConsulOptions } from '../peers/consul.js';
import { ConsulCatalog } from '../peers/consul-catalog.js';
import { eventually } from '../peers/eventually.js';
import { ConsulWatch } from '../support/consul-watch.js';
import type { HttpFake } from '../support/http-fake.js';
import { recorderOf } from '../support/http-recorder.js';

const TOKEN = 'f4dcd7f1-0f0e-4a4f-9a1c-0f7d6c0b5a11';
const WEB = { service: 'web', node: 'n1', port: 80 };

let ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

const startConsul = async (options: ConsulOptions = {}) => {
  const consul = await Consul.start(options);
  const catalog = new ConsulCatalog(consul.url, options.token);
  ends.push(
    () => consul.close(),
    () => catalog.close(),
  );
  return { consul, catalog };
};
const watchAt = (url: string, options: object = {}): ConsulWatch => {
  const watch = new ConsulWatch(url, options);
  ends.push(() => watch.close());
  return watch;
};
const recordAt = async (url: string): Promise<HttpFake> => {
  const recorder = await recorderOf(url).start();
  ends.push(() => recorder.stop());
  return recorder;
};
const fill = async (catalog: ConsulCatalog, count: number) => {
  for (let at = 0; at < count; at += 1)
    await catalog.register({ service: `filler-${at}`, node: 'filler', port: 1_000 + at });
};

test('a server that dies and comes back with its data keeps everything in its place', async () => {
  const { consul, catalog } = await startConsul({ mode: 'server' });
  await catalog.register(WEB);
  const watch = watchAt(consul.url);
  await watch.served('web', ['10.1.0.1:80']);
  await consul.stop('SIGKILL');
  await watch.healthy(false);
  expect(watch.sink.addresses('web')).toEqual(['10.1.0.1:80']);
  await consul.start();
  await watch.healthy();
  expect(watch.sink.addresses('web')).toEqual(['10.1.0.1:80']);
  await catalog.register({ ...WEB, port: 81 });
  await watch.served('web', ['10.1.0.1:81']);
});

test.each([0, 40])(
  'a server that goes through its log at its start is not believed before it is done, with %i other services',
  async (others) => {
    const { consul, catalog } = await startConsul({ mode: 'server' });
    await fill(catalog, others);
    const writers = Array.from({ length: 15 }, async (_, writer) => {
      for (let port = writer + 1; port < 1_500; port += 15) await catalog.register({ ...WEB, port });
    });
    await Promise.all(writers);
    await catalog.register({ ...WEB, port: 1_500 });
    const watch = watchAt(consul.url);
    await watch.served('web', ['10.1.0.1:1500']);
    const { sets } = watch.sink;
    for (let round = 0; round < 2; round += 1) {
      await consul.stop('SIGKILL');
      await watch.healthy(false);
      await consul.start();
      await watch.healthy();
      expect([watch.sink.sets, watch.sink.addresses('web')]).toEqual([sets, ['10.1.0.1:1500']]);
    }
  },
);

test.each([0, 70])('a server that lost its state is believed, with %i other services', async (others) => {
  const { consul, catalog } = await startConsul();
  await fill(catalog, others);
  await catalog.register(WEB);
  await catalog.register({ ...WEB, service: 'lost' });
  const watch = watchAt(consul.url);
  await watch.served('web', ['10.1.0.1:80']);
  await consul.stop('SIGKILL');
  await watch.healthy(false);
  expect(watch.sink.addresses('lost')).toEqual(['10.1.0.1:80']);
  await consul.start();
  await watch.served('lost', undefined);
  await catalog.register({ ...WEB, port: 82 });
  await watch.served('web', ['10.1.0.1:82']);
  expect(watch.sink.services.size).toBe(1);
});

test('a restored snapshot, after which the indexes go back, is read anew', async () => {
  const { consul, catalog } = await startConsul({ mode: 'server' });
  await fill(catalog, 70);
  await catalog.register(WEB);
  const snapshot = await catalog.snapshot();
  for (let port = 81; port < 90; port += 1) await catalog.register({ ...WEB, port });
  const watch = watchAt(consul.url);
  await watch.served('web', ['10.1.0.1:89']);
  await catalog.restore(snapshot);
  await watch.served('web', ['10.1.0.1:80']);
  await catalog.register({ ...WEB, port: 90 });
  await watch.served('web', ['10.1.0.1:90']);
});

test('a frozen server is noticed, and keeps what was good until it thaws', async () => {
  const { consul, catalog } = await startConsul();
  await catalog.register(WEB);
  const watch = watchAt(consul.url, { timeout: { read: 500 } });
  await watch.served('web', ['10.1.0.1:80']);
  consul.process.freeze();
  try {
    await watch.healthy(false);
    expect(watch.sink.errors[0]?.code).toBe('registry_timeout');
    expect(watch.sink.addresses('web')).toEqual(['10.1.0.1:80']);
  } finally {
    consul.process.thaw();
  }
  await catalog.deregister('n1');
  await watch.served('web', undefined);
  await watch.healthy();
});

test('tokens: unknown, without rights, missing, and put right in their file', async () => {
  const { consul, catalog } = await startConsul({ token: TOKEN });
  await catalog.register(WEB);
  const powerless = (await catalog.put('/v1/acl/token', {})) as { readonly SecretID: string };
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-token-'));
  ends.push(async () => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  const unknown = '11111111-2222-3333-4444-555555555555';
  writeFileSync(file, unknown);

  const watches = [
    watchAt(consul.url, { token: powerless.SecretID }),
    watchAt(consul.url),
    watchAt(consul.url, { token_file: file }),
  ];
  for (const { sink, log } of watches) {
    await eventually(() => expect(sink.errors[0]?.code).toBe('registry_refused'), 30_000);
    expect(sink.syncs).toBe(0);
    expect(`${log}${String(sink.errors)}`).not.toMatch(new RegExp(`${unknown}|${powerless.SecretID}`));
  }
  writeFileSync(file, `${TOKEN}\n`);
  await watches[2]?.served('web', ['10.1.0.1:80']);
});

test('a token that loses its rights takes nothing out', async () => {
  const { consul, catalog } = await startConsul({ token: TOKEN });
  await catalog.register(WEB);
  const rules = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }';
  await catalog.put('/v1/acl/policy', { Name: 'reader', Rules: rules });
  const token = (await catalog.put('/v1/acl/token', { Policies: [{ Name: 'reader' }] })) as {
    readonly SecretID: string;
    readonly AccessorID: string;
  };
  const watch = watchAt(consul.url, { token: token.SecretID, timeout: { wait: '1s' } });
  await watch.served('web', ['10.1.0.1:80']);
  await catalog.delete(`/v1/acl/token/${token.AccessorID}`);
  await watch.healthy(false);
  expect(watch.sink.errors[0]?.code).toBe('registry_refused');
  expect(watch.sink.addresses('web')).toEqual(['10.1.0.1:80']);
});

test.each([
  ['a data centre that is not there', { datacenter: 'dc9' }, 'No path to datacenter'],
  [
    'a namespace, which only Consul Enterprise has',
    { namespace: 'team' },
    'Namespaces are a Consul Enterprise',
  ],
])('%s is a failure', async (_, options, message) => {
  const { consul } = await startConsul();
  const { sink } = watchAt(consul.url, options);
  await eventually(() => expect(sink.errors[0]?.code).toBe('registry_bad_answer'), 30_000);
  expect(sink.errors[0]?.message).toContain(message);
  expect(sink.syncs).toBe(0);
});

test('the filters choose instances, and services that have some', async () => {
  const { consul, catalog } = await startConsul();
  await catalog.register({ ...WEB, id: 'a', port: 1, tags: ['blue'], meta: { version: 'v1' } });
  await catalog.register({ ...WEB, id: 'b', port: 2, tags: ['blue', 'x'], meta: { version: 'v2' } });
  await catalog.register({ service: 'other', node: 'n1', tags: ['green'] });
  const watch = watchAt(consul.url, { tags: ['blue'], metadata: { version: 'v1' }, datacenter: 'dc1' });
  await watch.served('web', ['10.1.0.1:1']);
  expect([...watch.sink.services.keys()]).toEqual(['web']);
  await catalog.register({ service: 'other', node: 'n1', tags: ['blue'], meta: { version: 'v1' } });
  await watch.served('other', ['10.1.0.1:80']);
  await catalog.register({ service: 'other', node: 'n1' });
  await watch.served('other', undefined);
});

test('keepalive off polls', async () => {
  const { consul, catalog } = await startConsul();
  const recorder = await recordAt(consul.url);
  const watch = watchAt(recorder.url, { keepalive: false, fetch_interval: '50ms' });
  await watch.healthy();
  await catalog.register(WEB);
  await watch.served('web', ['10.1.0.1:80']);
  await catalog.register({ ...WEB, check: 'warning' });
  await watch.served('web', []);
  await catalog.deregister('n1');
  await watch.served('web', undefined);
  expect(recorder.requests.some(({ url }) => url.searchParams.has('index'))).toBe(false);
});

test('from few services to many and back, within the connections that Consul allows', async () => {
  const { consul, catalog } = await startConsul({ hcl: ['limits { http_max_conns_per_client = 80 }'] });
  await catalog.register(WEB);
  const watch = watchAt(consul.url);
  await watch.served('web', ['10.1.0.1:80']);
  await fill(catalog, 150);
  await eventually(() => expect(watch.sink.services.size).toBe(151), 30_000);
  await catalog.register({ ...WEB, port: 81 });
  await watch.served('web', ['10.1.0.1:81']);
  await catalog.deregister('filler');
  await eventually(() => expect(watch.sink.services.size).toBe(1), 30_000);
  await catalog.register({ ...WEB, port: 82 });
  await watch.served('web', ['10.1.0.1:82']);
  expect(watch.sink.errors).toEqual([]);
});

test.each([404, 200])(
  'a Consul without the interface behind its pages (%i) is asked for each node',
  async (status) => {
    const { consul, catalog } = await startConsul();
    await fill(catalog, 70);
    await catalog.register(WEB);
    const recorder = await recordAt(consul.url);
    const passOn = recorder.answer;
    recorder.answer = (request, response) => {
      if (request.url?.startsWith('/v1/internal/') !== true) passOn(request, response);
      else response.writeHead(status).end('[{"another":"form"}]');
    };
    const watch = watchAt(recorder.url);
    await watch.served('web', ['10.1.0.1:80']);
    for (const port of [81, 82]) {
      await catalog.register({ ...WEB, port });
      await watch.served('web', [`10.1.0.1:${port}`]);
    }
    const asked = recorder.requests.map(({ url }) => url.pathname);
    expect(asked.filter((path) => path.startsWith('/v1/internal/'))).toHaveLength(1);
    expect(asked).toContain('/v1/catalog/node/filler');
    expect(watch.sink.errors).toEqual([]);
  },
);

test('what a real server cannot be made to do: a failed query, a broken answer, a list that ACLs emptied', async () => {
  const { consul, catalog } = await startConsul();
  await catalog.register(WEB);
  const recorder = await recordAt(consul.url);
  const passOn = recorder.answer;
  const watch = watchAt(recorder.url);
  await watch.served('web', ['10.1.0.1:80']);
  const answers: readonly (readonly [number, Record<string, string>, string, string])[] = [
    [500, {}, 'No cluster leader', 'registry_bad_answer'],
    [200, { 'x-consul-index': '9' }, '{"web":', 'registry_bad_answer'],
    [200, { 'x-consul-index': '9' }, '[]', 'registry_bad_answer'],
    [200, {}, '{}', 'registry_bad_answer'],
    [200, { 'x-consul-index': '9', 'x-consul-results-filtered-by-acls': 'true' }, '{}', 'registry_refused'],
  ];
  for (const [status, headers, body, code] of answers) {
    const before = watch.sink.errors.length;
    recorder.answer = (_, response) => response.writeHead(status, headers).end(body);
    recorder.cut();
    await eventually(() => expect(watch.sink.errors.slice(before).at(-1)?.code).toBe(code), 30_000);
    expect(watch.sink.addresses('web')).toEqual(['10.1.0.1:80']);
    recorder.answer = passOn;
    await watch.healthy();
  }
  recorder.answer = (request, response) => {
    if (request.url?.startsWith('/v1/health/service/web') !== true) return passOn(request, response);
    const filtered = { 'x-consul-index': '9', 'x-consul-results-filtered-by-acls': 'true' };
    response.writeHead(200, filtered).end('[]');
  };
  recorder.cut();
  await eventually(() => {
    expect(watch.sink.failing.get('web')?.message).toContain('may not see the instances');
    expect(watch.sink.errors.at(-1)?.code).toBe('registry_refused');
  }, 30_000);
  expect(watch.sink.addresses('web')).toEqual(['10.1.0.1:80']);
});
