import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { eventually } from '../peers/eventually.js';
import { PeerProcess } from '../peers/process.js';
import { AdsStream, connect } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');

let folder: string;
let signalbox: Signalbox;
let client: Client;

const write = (services: Readonly<Record<string, readonly object[]>>) =>
  writeFileSync(join(folder, 'services.yaml'), stringify({ services }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ask-'));
  write({
    users: [
      { host: '10.0.0.1', port: 80 },
      { host: '10.0.0.2', port: 80, weight: 0 },
    ],
  });
  signalbox = await Signalbox.start({
    // What a proxy refuses is to stay, so that it can be asked about.
    quarantine: false,
    discovery: {
      local: { type: 'file', path: join(folder, 'services.yaml'), skip_services: ['internal-*'] },
    },
    listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
    routes: [{ match: { prefix: '/' }, service_name: 'users' }],
  });
  client = connect(`127.0.0.1:${signalbox.xdsPort}`);
});
afterAll(async () => {
  client.close();
  await signalbox.close();
  rmSync(folder, { recursive: true });
});

/** Runs the built program against the running instance. */
async function ask(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  return await askAt(signalbox, args);
}

async function askAt(
  instance: Signalbox,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; text: string }> {
  const env = { ...process.env, SIGNALBOX_ADMIN_LISTEN: instance.admin.replace('http://', ''), ...more };
  const asked = PeerProcess.start('signalbox', process.execPath, [PROGRAM, ...args], { env });
  await asked.ended;
  return { code: asked.exitCode, text: asked.output.replaceAll(/ +/g, ' ') };
}

test('a running instance answers every question', async () => {
  const proxy = new AdsStream(client, 'edge-1');
  proxy.ask(TYPE_URL.cluster);
  await eventually(() => expect(proxy.last(TYPE_URL.cluster)).toBeDefined());
  proxy.answer(TYPE_URL.cluster, [], 'Error adding/updating cluster(s) users: no such thing');
  proxy.ask(TYPE_URL.endpoints, 'users');
  await eventually(() => expect(proxy.last(TYPE_URL.endpoints)).toBeDefined());
  proxy.answer(TYPE_URL.endpoints, ['users']);

  await eventually(async () => {
    const { proxies } = await signalbox.get<{ proxies: unknown }>('/proxies');
    expect(proxies).toMatchObject([{ types: { CDS: { status: 'ERROR' }, EDS: { status: 'SYNCED' } } }]);
  });
  const proxies = await ask('proxies');
  expect(proxies).toMatchObject({ code: 0, text: expect.stringContaining('ERROR SYNCED - -\n') });
  expect(proxies.text).toContain('edge-1 refuses CDS users');

  const services = await ask('services');
  expect(services).toMatchObject({ code: 0, text: expect.stringContaining('users 1 1 instances local\n') });

  const explained = await ask('explain', 'users');
  expect(explained.code).toBe(0);
  for (const part of [
    'users: known to local, named by a route, served from its instances',
    '10.0.0.1:80 1 local',
    '10.0.0.2:80 weight_zero local',
    'no such thing',
  ])
    expect(explained.text).toContain(part);
  expect(explained.text).toMatch(/EDS users \S+ edge-1 - -\n/);
  expect(explained.text).toMatch(/CDS users \S+ - - edge-1\n/);
  expect(explained.text).toMatch(/RDS http \S+ - - -\n/);

  const address = await ask('explain', '10.0.0.2:80', '--json');
  expect(JSON.parse(address.text)).toMatchObject({
    services: [{ name: 'users', instances: [], filtered: [{ address: '10.0.0.2:80' }] }],
  });
  expect(await ask('explain', 'usrs')).toMatchObject({
    code: 1,
    text: expect.stringContaining('did you mean "users"?'),
  });
  expect(await ask('explain', 'internal-x')).toMatchObject({
    code: 1,
    text: '"internal-x" is left out by skip_services "internal-*" of local\n',
  });
});

test('diff tells what a change of the registry changed', async () => {
  write({ users: [{ host: '10.0.0.1', port: 81 }], orders: [{ host: '10.0.0.3', port: 80 }] });
  await eventually(async () => {
    const { snapshots } = await signalbox.get<{ snapshots: unknown }>('/snapshots');
    expect(snapshots).toMatchObject([{ changes: { EDS: { added: { names: ['orders'] } } } }, {}]);
  });
  const { code, text } = await ask('diff');
  expect(code).toBe(0);
  expect(text).toContain('CDS added orders\n');
  expect(text).toContain('EDS changed users\n');
  expect(text).not.toContain('CDS changed');
  const { code: all, text: first } = await ask('diff', '--back', '100');
  expect(all).toBe(0);
  expect(first).toContain('CDS added users\n');
  expect(await signalbox.status('/snapshots?back=0')).toBe(400);
  expect(await signalbox.status('/explain')).toBe(400);
});

test('an instance that wants a token: the right one, a wrong one, none', async () => {
  const guarded = await Signalbox.start(
    {
      admin: { listen: '127.0.0.1:0', token_file: join(folder, 'token') },
      discovery: { local: { type: 'file', path: join(folder, 'services.yaml') } },
    },
    { before: () => writeFileSync(join(folder, 'token'), 's3cret\n') },
  );
  try {
    const address = guarded.admin.replace('http://', '');
    const wrong = { code: 1, text: `the admin API at ${address} does not take this token\n` };
    const none = {
      code: 1,
      text: `the admin API at ${address} wants a token: --token-file FILE, or SIGNALBOX_ADMIN_TOKEN\n`,
    };
    writeFileSync(join(folder, 'wrong'), 'guess\n');
    const right = ['--token-file', join(folder, 'token')];
    const { code, text } = await askAt(guarded, ['services', ...right]);
    expect([code, text]).toEqual([0, expect.stringContaining('users')]);
    expect(await askAt(guarded, ['services', '--json'], { SIGNALBOX_ADMIN_TOKEN: 's3cret' })).toMatchObject({
      code: 0,
    });
    expect(await askAt(guarded, ['services', '--token-file', join(folder, 'wrong')])).toEqual(wrong);
    expect(await askAt(guarded, ['services'], { SIGNALBOX_ADMIN_TOKEN: 'guess' })).toEqual(wrong);
    // A flag beats the environment.
    expect(await askAt(guarded, ['status', ...right], { SIGNALBOX_ADMIN_TOKEN: 'guess' })).toMatchObject({
      code: 0,
    });
    for (const asked of [['services'], ['proxies', '--json'], ['explain', 'users'], ['unpin']])
      expect(await askAt(guarded, asked), asked.join(' ')).toEqual(none);
    expect(await askAt(guarded, ['top', '--once'])).toEqual({
      code: 1,
      text: `admin_unreachable: ${none.text}`,
    });
    expect(await askAt(guarded, ['top', '--once', ...right])).toMatchObject({ code: 0 });
    expect(await askAt(guarded, ['services', '--token-file', join(folder, 'no-such-file')])).toEqual({
      code: 1,
      text: expect.stringMatching(/^config_unreadable: cannot read the secret file: ENOENT/),
    });
    expect(guarded.process.output).not.toContain('s3cret');
  } finally {
    await guarded.close();
  }
});
