import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consulKvOptions } from '../../src/discovery/consul-kv/options.js';
import { createConsulKvSources } from '../../src/discovery/consul-kv/source.js';
import { command } from '../peers/cache.js';
import { Consul, type ConsulOptions, installConsul } from '../peers/consul.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { RecordingSink } from '../support/recording-sink.js';

const TOKEN = 'f4dcd7f1-0f0e-4a4f-9a1c-0f7d6c0b5a11';

let life: AbortController;
let running: Promise<unknown>[];
let consuls: Consul[];
let folder: string;

const startConsul = async (options: ConsulOptions = {}): Promise<Consul> => {
  const consul = await Consul.start(options);
  consuls.push(consul);
  return consul;
};

/** Runs a source for each server; gives what each of them told. */
const watch = (servers: readonly string[], options: object = {}): readonly RecordingSink[] => {
  const read = consulKvOptions.parse({ type: 'consul_kv', servers, ...options });
  return createConsulKvSources('kv', read, { logger: pino({ enabled: false }) }).map((source) => {
    const sink = new RecordingSink();
    running.push(source.run(sink, life.signal));
    return sink;
  });
};
const watchOne = (server: string, options: object = {}): RecordingSink => {
  const [sink] = watch([server], options);
  if (sink === undefined) throw new Error('no source');
  return sink;
};
const synced = (sink: RecordingSink) =>
  eventually(() => expect([sink.healthy, ...sink.errors.map(String)]).toEqual([true]), 30_000);
const served = (sink: RecordingSink, service: string, addresses: readonly string[] | undefined) =>
  eventually(() => expect(sink.addresses(service)).toEqual(addresses), 30_000);
const healthy = (sink: RecordingSink) => eventually(() => expect(sink.healthy).toBe(true), 30_000);
const unhealthy = (sink: RecordingSink) => eventually(() => expect(sink.healthy).toBe(false), 30_000);

beforeEach(() => {
  life = new AbortController();
  running = [];
  consuls = [];
  folder = mkdtempSync(join(tmpdir(), 'signalbox-kv-'));
});

afterEach(async () => {
  life.abort();
  await Promise.all(running);
  await Promise.all(consuls.map((consul) => consul.close()));
  rmSync(folder, { recursive: true });
});

test('sees what is put, changed and deleted, to the last instance and back', async () => {
  const { kv, url } = await startConsul();
  const sink = watchOne(url, { skip_keys: ['upstreams/unused_api'] });
  await synced(sink);
  expect(sink.services.size).toBe(0);

  await kv.put('upstreams2/web/127.0.0.1:9', {});
  await kv.put('upstreams/unused_api/127.0.0.1:9', {});
  await kv.put('upstreams/web/', '');
  await kv.put('upstreams/team/user-service/[::1]:80', { weight: 3 });
  await kv.put('upstreams/web/my-host:81', {});
  await kv.put('upstreams/web/127.0.0.1:80', { weight: 120, max_fails: 2, fail_timeout: 3 });
  await served(sink, 'web', ['127.0.0.1:80', 'my-host:81']);
  expect([...sink.services.keys()].sort()).toEqual(['team/user-service', 'web']);
  expect(sink.addresses('team/user-service')).toEqual(['[::1]:80']);

  await kv.put('upstreams/web/my-host:81', { check_status: false });
  await served(sink, 'web', ['127.0.0.1:80']);
  await kv.put('upstreams/web/bad:82', '{"weight":');
  await eventually(() =>
    expect(sink.services.get('web')?.filtered.map(({ reason }) => reason)).toEqual([
      'bad_value',
      'check_status',
    ]),
  );
  await kv.delete('upstreams/web/bad:82');
  await kv.delete('upstreams/web/my-host:81');
  await kv.delete('upstreams/web/127.0.0.1:80');
  await served(sink, 'web', undefined);
  // Consul wakes no query for `upstreams/` when a recursive delete names less than that.
  await kv.delete('upstreams', { recurse: true });
  await served(sink, 'team/user-service', undefined);
  await kv.put('upstreams/web/127.0.0.1:80', {});
  await served(sink, 'web', ['127.0.0.1:80']);
  expect(sink.errors).toEqual([]);
});

test('polls where keepalive is off', async () => {
  const { kv, url } = await startConsul();
  const sink = watchOne(url, { keepalive: false, fetch_interval: '50ms' });
  await synced(sink);
  await kv.put('upstreams/web/127.0.0.1:80', {});
  await served(sink, 'web', ['127.0.0.1:80']);
  await kv.delete('upstreams/web/127.0.0.1:80');
  await served(sink, 'web', undefined);
});

test('several servers are tracked each by itself', async () => {
  const [one, two] = [await startConsul(), await startConsul()];
  // The indexes of the two are far apart.
  for (let i = 0; i < 50; i += 1) await one.kv.put('other', i);
  await one.kv.put('upstreams/web/one:1', {});
  await two.kv.put('upstreams/web/two:1', {});
  const [first, second] = watch([one.url, two.url]);
  if (first === undefined || second === undefined) throw new Error('two servers make two sources');
  await served(first, 'web', ['one:1']);
  await served(second, 'web', ['two:1']);

  await one.stop('SIGKILL');
  await unhealthy(first);
  await two.kv.put('upstreams/web/two:2', {});
  await served(second, 'web', ['two:1', 'two:2']);
  expect(first.addresses('web')).toEqual(['one:1']);
  expect(second).toMatchObject({ healthy: true, errors: [] });
});

test('keeps the last good over a restart, and sees changes after it', async () => {
  const consul = await startConsul({ mode: 'server' });
  await consul.kv.put('upstreams/web/127.0.0.1:80', {});
  const sink = watchOne(consul.url);
  await served(sink, 'web', ['127.0.0.1:80']);
  await consul.stop();
  await unhealthy(sink);
  expect(sink.addresses('web')).toEqual(['127.0.0.1:80']);
  await consul.start();
  await healthy(sink);
  expect(sink.addresses('web')).toEqual(['127.0.0.1:80']);
  expect(sink.sets).toBe(1);
  await consul.kv.put('upstreams/web/127.0.0.1:81', {});
  await served(sink, 'web', ['127.0.0.1:80', '127.0.0.1:81']);
});

test('a server that came back without its state says so, and is followed from its new index', async () => {
  const consul = await startConsul();
  for (let i = 0; i < 50; i += 1) await consul.kv.put('other', i);
  await consul.kv.put('upstreams/web/127.0.0.1:80', {});
  const sink = watchOne(consul.url);
  await served(sink, 'web', ['127.0.0.1:80']);
  const before = Number(sink.revision);
  await consul.stop('SIGKILL');
  await unhealthy(sink);
  expect(sink.addresses('web')).toEqual(['127.0.0.1:80']);
  await consul.start();
  await served(sink, 'web', undefined);
  await consul.kv.put('upstreams/web/127.0.0.1:81', {});
  await served(sink, 'web', ['127.0.0.1:81']);
  expect(Number(sink.revision)).toBeLessThan(before);
});

test('a frozen server is noticed while a query blocks, and followed once it thaws', async () => {
  const consul = await startConsul();
  await consul.kv.put('upstreams/web/127.0.0.1:80', {});
  const sink = watchOne(consul.url, { timeout: { read: 500 } });
  await served(sink, 'web', ['127.0.0.1:80']);
  consul.process.freeze();
  await unhealthy(sink);
  expect(sink.errors[0]?.code).toBe('registry_timeout');
  expect(sink.addresses('web')).toEqual(['127.0.0.1:80']);
  consul.process.thaw();
  await healthy(sink);
  await consul.kv.put('upstreams/web/127.0.0.1:81', {});
  await served(sink, 'web', ['127.0.0.1:80', '127.0.0.1:81']);
});

test('a token may be wrong, missing, or put right in its file; none is seen in an error', async () => {
  const { kv, url } = await startConsul({ token: TOKEN });
  await kv.put('upstreams/web/127.0.0.1:80', {});
  const file = join(folder, 'token');
  const rotate = (token: string) => {
    writeFileSync(`${file}.new`, `${token}\n`);
    renameSync(`${file}.new`, file);
  };
  rotate('e0000000-wrong');
  const [right, none, rotated] = [
    watchOne(url, { token: TOKEN }),
    watchOne(url),
    watchOne(url, { token_file: file }),
  ];
  await served(right, 'web', ['127.0.0.1:80']);
  for (const sink of [none, rotated]) {
    await eventually(() => expect(sink.errors[0]?.code).toBe('registry_refused'));
    expect(sink.syncs).toBe(0);
    expect(sink.errors.map(String).join()).not.toContain('e0000000');
  }
  rotate(TOKEN);
  await served(rotated, 'web', ['127.0.0.1:80']);
});

test('a token that loses its policy keeps the last good', async () => {
  const consul = await startConsul({ token: TOKEN });
  await consul.kv.put('upstreams/web/127.0.0.1:80', {});
  const acl = async (path: string, body: object): Promise<Readonly<Record<string, string>>> => {
    const answer = await request(`${consul.url}/v1/acl/${path}`, {
      method: 'PUT',
      headers: { 'x-consul-token': TOKEN },
      body: JSON.stringify(body),
    });
    expect(answer.statusCode).toBe(200);
    return (await answer.body.json()) as Readonly<Record<string, string>>;
  };
  const rules = (policy: string) => ({
    Name: 'reader',
    Rules: `key_prefix "upstreams/" { policy = "${policy}" }`,
  });
  const policy = await acl('policy', rules('read'));
  const token = await acl('token', { Policies: [{ Name: 'reader' }] });

  const sink = watchOne(consul.url, { token: token.SecretID, keepalive: false, fetch_interval: '50ms' });
  await served(sink, 'web', ['127.0.0.1:80']);
  await acl(`policy/${policy.ID}`, rules('deny'));
  await eventually(() => expect(sink.errors[0]?.code).toBe('registry_refused'), 30_000);
  expect(sink.addresses('web')).toEqual(['127.0.0.1:80']);
  await acl(`policy/${policy.ID}`, rules('read'));
  await healthy(sink);
});

test('speaks https, and believes only the certificate it is told to', async () => {
  const consul = await installConsul();
  await command(consul, ['tls', 'ca', 'create'], { cwd: folder });
  await command(consul, ['tls', 'cert', 'create', '-server'], { cwd: folder });
  const port = await freePort();
  const { kv } = await startConsul({
    hcl: [
      `ports { https = ${port} }`,
      `cert_file = "${folder}/dc1-server-consul-0.pem"`,
      `key_file = "${folder}/dc1-server-consul-0-key.pem"`,
    ],
  });
  await kv.put('upstreams/web/127.0.0.1:80', {});
  const url = `https://127.0.0.1:${port}`;
  const ca = join(folder, 'consul-agent-ca.pem');
  const good = [
    watchOne(url, { tls: { ca } }),
    watchOne(url, { tls: { ca, server_name: 'server.dc1.consul' } }),
    watchOne(url, { tls: { insecure_skip_verify: true } }),
  ];
  const bad = [
    watchOne(url),
    watchOne(url, { tls: { ca, server_name: 'other.example.com' } }),
    watchOne(url, { tls: { ca: join(folder, 'missing.pem') } }),
  ];
  for (const sink of good) await served(sink, 'web', ['127.0.0.1:80']);
  for (const sink of bad) {
    await eventually(() => expect(sink.errors[0]?.code).toBe('registry_unreachable'));
    expect(sink.syncs).toBe(0);
  }
});
