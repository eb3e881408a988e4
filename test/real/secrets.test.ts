import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { type Client, Metadata } from '@grpc/grpc-js';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { command } from '../peers/cache.js';
import { Certificates } from '../peers/certificates.js';
import { eventually } from '../peers/eventually.js';
import { freePort, PeerProcess } from '../peers/process.js';
import { AdsStream, connect } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';

/** Every planted secret has this in it; with a character that URLs write in another way. */
const MARK = 'S3cr3t';
const planted: string[] = [];
function secret(name: string): string {
  const text = `${MARK}@${name}`;
  planted.push(text);
  return text;
}

let certificates: Certificates;
let signalbox: Signalbox;
let registry: Server;
let client: Client;
/** What a Signalbox without secrets in its answers is asked for. */
const PATHS = [
  '/healthz',
  '/readyz',
  '/services',
  '/services/kv-service',
  '/services/nobody',
  '/registries',
  '/certificates',
  '/routes',
  '/proxies',
  '/explain?q=kv-service',
  '/explain?q=127.0.0.1:1',
  '/snapshots?back=3',
  '/load',
  '/load/kv-service',
  '/metrics',
  '/release',
  '/config_dump',
  '/nothing',
];

beforeAll(async () => {
  certificates = await Certificates.make();
  // A registry that says in its errors what it was asked with.
  registry = createServer((asked, answer) => {
    if (asked.url?.startsWith('/v1/kv/') === true) {
      const value = Buffer.from('{"weight":1}').toString('base64');
      answer.setHeader('x-consul-index', '7');
      answer.end(JSON.stringify([{ Key: 'upstreams/kv-service/127.0.0.1:1', Value: value, ModifyIndex: 7 }]));
      return;
    }
    let body = '';
    asked.on('data', (chunk) => {
      body += chunk;
    });
    asked.on('end', () => {
      answer.statusCode = 403;
      answer.statusMessage = 'not with that';
      answer.end(`${asked.url} ${JSON.stringify(asked.headers)} ${body}`);
    });
  });
  const port = await new Promise<number>((resolve) => {
    registry.listen(0, '127.0.0.1', () => {
      const address = registry.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const closed = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const withPassword = (name: string) => `http://user:${encodeURIComponent(secret(name))}@127.0.0.1:${port}`;
  const dead = { expire: 0, load_on_init: true };
  const config = {
    xds: { listen: '127.0.0.1:0', workers: 1 },
    admin: { listen: '127.0.0.1:0' },
    startup_grace: '1s',
    discovery: {
      consul_kv: {
        servers: [withPassword('consul-kv-url')],
        token: secret('consul-kv-token'),
        keepalive: false,
        fetch_interval: 1,
        dump: { path: 'kv.dump', ...dead },
      },
      consul: {
        servers: [withPassword('consul-url')],
        token_file: 'consul.token',
        dump: { path: 'consul.dump', ...dead },
      },
      east: { type: 'consul', servers: [url], token: secret('consul-token') },
      etcd: {
        endpoints: [`http://127.0.0.1:${closed}`],
        user: 'user',
        password: secret('etcd-password'),
        dump: { path: 'etcd.dump', ...dead },
      },
      etcd_tls: {
        type: 'etcd',
        endpoints: [`https://127.0.0.1:${closed}`],
        user: 'user',
        password_file: 'etcd.password',
        tls: { ca: certificates.ca, cert: certificates.client.cert, key: certificates.client.key },
      },
      eureka: { host: [withPassword('eureka-url')], fetch_interval: 1 },
      nacos: { host: [url], user: 'user', password: secret('nacos-password'), fetch_interval: 1 },
      nacos_signed: {
        type: 'nacos',
        host: [withPassword('nacos-url')],
        access_key: 'id',
        secret_key: secret('nacos-secret-key'),
        push: false,
        fetch_interval: 1,
      },
      zookeeper: { hosts: [`127.0.0.1:${closed}`], username: 'user', password: secret('zookeeper-password') },
      file: { path: 'services.json', dump: { path: 'file.dump', ...dead } },
    },
    routes_from: {
      etcd: {
        endpoints: [`http://127.0.0.1:${closed}`],
        user: 'user',
        password: secret('documents-password'),
      },
      apisix: {
        endpoints: [`http://127.0.0.1:${closed}`],
        user: 'user',
        password: secret('apisix-password'),
      },
    },
    listeners: [
      {
        name: 'secure',
        address: '127.0.0.1:10443',
        tls: { certificates: [{ cert: certificates.server.cert, key: certificates.server.key }] },
      },
    ],
    routes: [{ match: { prefix: '/' }, service_name: 'kv-service' }],
    allow: [
      { token: secret('allow-token'), nodes: 'a' },
      { token_file: 'allow.token', client_status: true },
    ],
  };
  signalbox = await Signalbox.start(config, {
    waitFor: 'ready',
    args: ['--log-level', 'trace'],
    before: (folder) => {
      for (const name of ['consul.token', 'etcd.password', 'allow.token'])
        writeFileSync(join(folder, name), `${secret(name)}\n`);
      writeFileSync(join(folder, 'services.json'), '{"services":{"web":[{"host":"127.0.0.1","port":1}]}}');
    },
  });
  client = connect(`127.0.0.1:${signalbox.xdsPort}`);
});

afterAll(async () => {
  client?.close();
  await signalbox?.close();
  registry?.closeAllConnections();
  await new Promise((resolve) => registry?.close(resolve));
  certificates?.remove();
});

/** Where a secret can be seen in a text, in any of the forms in which secrets travel. */
function leaks(text: string): readonly string[] {
  const keys = [certificates.server.key, certificates.client.key].map(
    (path) => readFileSync(path, 'utf8').split('\n')[1] ?? '',
  );
  const encoded = planted.map((each) => Buffer.from(`user:${each}`).toString('base64'));
  return [MARK, ...keys, ...encoded].filter((form) => form !== '' && text.includes(form));
}

/** The processes of Signalbox: itself and its workers. */
function pids(): readonly number[] {
  const workers = [...signalbox.process.output.matchAll(/"worker":\d+,"pid":(\d+)/g)];
  return [signalbox.process.pid, ...new Set(workers.map(([, pid]) => Number(pid)))];
}

test('the search finds what it is to find', () => {
  expect(planted.length).toBeGreaterThan(15);
  expect(leaks(`x${planted[0]}x`)).not.toEqual([]);
  expect(leaks(`Basic ${Buffer.from(`user:${planted[0]}`).toString('base64')}`)).not.toEqual([]);
  expect(leaks(readFileSync(certificates.server.key, 'utf8'))).not.toEqual([]);
  expect(leaks(readFileSync(signalbox.file, 'utf8'))).not.toEqual([]);
});

test('no log line, error, metric or answer of the admin API holds a secret', async () => {
  const metadata = (token: string) => {
    const made = new Metadata();
    made.set('authorization', `Bearer ${token}`);
    return made;
  };
  const wrong = new AdsStream(client, 'a', metadata(secret('not-known')));
  const denied = new AdsStream(client, 'b', metadata(`${MARK}@allow-token`));
  const good = new AdsStream(client, 'a', metadata(`${MARK}@allow-token`));
  for (const stream of [wrong, denied, good]) stream.ask(TYPE_URL.cluster);
  await eventually(() => {
    expect([wrong.ended?.code, denied.ended?.code]).toEqual([16, 7]);
    expect(good.last(TYPE_URL.cluster)).toBeDefined();
  }, 30_000);
  expect(leaks(JSON.stringify([wrong.ended, denied.ended, good.responses]))).toEqual([]);

  // Every registry has had its say.
  const told = await eventually(async () => {
    const { registries } = await signalbox.get<{
      registries: { registry: string; last_error?: unknown; last_success?: unknown }[];
    }>('/registries');
    for (const entry of registries) expect(entry.last_error ?? entry.last_success).toBeTruthy();
    expect(registries.length).toBeGreaterThanOrEqual(12);
    return registries;
  }, 30_000);
  expect(leaks(JSON.stringify(told))).toEqual([]);

  for (const path of PATHS) {
    const { body, headers } = await request(`${signalbox.admin}${path}`);
    expect([path, leaks((await body.text()) + JSON.stringify(headers))]).toEqual([path, []]);
  }
  expect(signalbox.process.output).toContain('"level":"debug"');
  expect(leaks(signalbox.process.output)).toEqual([]);
});

test('a configuration that cannot be used tells what is wrong with it, and no value of it', async () => {
  const validate = async (text: string, index: number) => {
    const file = join(signalbox.folder, `broken-${index}.yaml`);
    writeFileSync(file, text);
    const program = join(import.meta.dirname, '../../dist/cli/main.js');
    const validation = PeerProcess.start('validate', process.execPath, [program, 'validate', '-c', file]);
    await validation.ended;
    expect([validation.exitCode, validation.output === '']).toEqual([1, false]);
    return validation.output;
  };
  const registryOf = (options: string) =>
    `discovery:\n  consul_kv: { servers: ["http://a:1"], ${options} }\n`;
  const broken = [
    registryOf(`token: [${MARK}]`),
    registryOf(`tokn: ${MARK}`),
    registryOf(`weight: ${MARK}`),
    registryOf(`token: ${MARK}, fetch_interval: soon`),
    `discovery:\n  consul_kv: { servers: ["htp://user:${MARK}@a:1"] }\n`,
    `discovery:\n  etcd: { endpoints: ["http://user:${MARK}@a:1"] }\n`,
    `allow: [{ token: ${MARK}, token_file: x }]\n`,
    `allow: [{ san: [], token: ${MARK} }]\n`,
    `discovery:\n  consul_kv: { token: "${MARK} }\n`,
    `discovery:\n  consul_kv:\n    token: ${MARK}: x\n   b: c\n`,
    `discovery:\n  consul_kv:\n    token: ${MARK}\n    token: ${MARK}\n`,
  ];
  const told = await Promise.all(broken.map(validate));
  expect(told.map(leaks)).toEqual(broken.map(() => []));

  const before = readFileSync(signalbox.file, 'utf8');
  writeFileSync(signalbox.file, registryOf(`tokn: ${MARK}`));
  await signalbox.process.until(() => signalbox.process.output.includes('the running one stays'));
  writeFileSync(signalbox.file, before);
  await signalbox.process.until(() => signalbox.process.output.includes('configuration reloaded'));
  expect(leaks(signalbox.process.output)).toEqual([]);
});

test('no command line and no environment of a process holds one', async () => {
  expect(pids().length).toBe(2);
  for (const pid of pids()) {
    for (const name of ['cmdline', 'environ'])
      expect([name, leaks(readFileSync(`/proc/${pid}/${name}`, 'latin1'))]).toEqual([name, []]);
  }
  const listed = await command('ps', ['-ww', '-o', 'args=', '-p', pids().join(',')]);
  expect(listed).toContain('serve');
  expect(leaks(listed)).toEqual([]);
});

test('no last-known-good file holds one', async () => {
  for (const name of ['kv.dump', 'file.dump']) {
    const text = await eventually(() => readFileSync(join(signalbox.folder, name), 'utf8'), 30_000);
    expect(text).toContain('127.0.0.1');
    expect([name, leaks(text)]).toEqual([name, []]);
  }
});
