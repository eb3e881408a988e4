import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Certificates } from '../peers/certificates.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { runEtcd } from '../support/etcd-source.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(...args: Parameters<typeof Etcd.start>): Promise<Etcd> {
  const etcd = await Etcd.start(...args);
  closers.push(async () => await etcd.close());
  return etcd;
}

function run(options: Parameters<typeof runEtcd>[0]) {
  const source = runEtcd(options);
  closers.push(async () => await source.stop());
  return source.sink;
}

/** An etcd with auth on, tokens that live for two seconds, and a user who may read `/s/`. */
async function startWithUsers(...args: readonly string[]): Promise<Etcd> {
  const auth = ['--auth-token', 'simple', '--auth-token-ttl', '2', '--bcrypt-cost', '4'];
  const etcd = await start({ args: [...auth, ...args] });
  await etcd.client.addReader('reader', 'se:cr@t/', '/s/');
  await etcd.client.enableAuth('root');
  return etcd;
}

async function put(etcd: Etcd, key: string, value: unknown): Promise<void> {
  await etcd.client.login('root', 'root');
  await etcd.client.put(key, value);
}

describe('users', () => {
  it('outlive their tokens, in a silent watch and over a broken connection', async () => {
    const etcd = await startWithUsers('--log-level', 'debug');
    const proxy = await TcpProxy.start(etcd.port);
    closers.push(async () => await proxy.close());
    // Asks so seldom that the token runs out between two questions.
    const sink = run({
      endpoints: [`http://127.0.0.1:${proxy.port}`],
      prefix: '/s/',
      user: 'reader',
      password: 'se:cr@t/',
      keepalive_interval: '3500ms',
    });
    await put(etcd, '/s/a/10.0.0.1:80', {});
    await eventually(() => expect(sink.addresses('a')).toEqual(['10.0.0.1:80']));
    const expired = () =>
      etcd.process.output.split('"deleted a simple token","user-name":"reader"').length - 1;
    await eventually(() => expect(expired()).toBeGreaterThanOrEqual(2), 30_000);
    await put(etcd, '/s/a/10.0.0.2:80', {});
    await eventually(() => expect(sink.addresses('a')).toHaveLength(2));
    expect(sink.errors).toEqual([]);
    proxy.cut();
    await eventually(() => expect(sink.healthy).toBe(false));
    await eventually(() => expect(sink.healthy).toBe(true));
    await put(etcd, '/s/a/10.0.0.3:80', {});
    await eventually(() => expect(sink.addresses('a')).toHaveLength(3));
    expect(sink.errors.map(({ code }) => code)).toEqual(['registry_unreachable']);
  });

  it('may be configured before auth is switched on under the watch', async () => {
    const etcd = await start({ args: ['--auth-token-ttl', '2', '--bcrypt-cost', '4'] });
    await etcd.client.addReader('reader', 'secret', '/s/');
    const sink = run({ endpoints: [etcd.url], prefix: '/s/', user: 'reader', password: 'secret' });
    const stranger = run({ endpoints: [etcd.url], prefix: '/s/' });
    await etcd.client.put('/s/a/10.0.0.1:80', {});
    await eventually(() => expect(sink.services.size + stranger.services.size).toBe(2));
    await etcd.client.enableAuth('root');
    await eventually(() => expect(stranger.healthy).toBe(false));
    await put(etcd, '/s/b/10.0.0.1:80', {});
    await eventually(() => expect(sink.services.size).toBe(2));
    expect(sink.errors).toEqual([]);
    // Who gave no user keeps what was good.
    expect(stranger.addresses('a')).toEqual(['10.0.0.1:80']);
    expect(stranger.errors).toHaveLength(1);
    expect(stranger.errors[0]).toMatchObject({
      code: 'registry_refused',
      message: expect.stringContaining('user name is empty'),
    });
  });

  it('without permission are told so once, and served as soon as it is granted', async () => {
    const etcd = await startWithUsers();
    const endpoints = [etcd.url];
    await put(etcd, '/t/a/10.0.0.1:80', {});
    const sink = run({ endpoints, prefix: '/t/', user: 'reader', password: 'se:cr@t/' });
    await eventually(() => expect(sink.errors).toHaveLength(1));
    expect(sink.errors[0]).toMatchObject({
      code: 'registry_refused',
      message: expect.stringContaining('permission denied'),
    });
    await etcd.client.login('root', 'root');
    await etcd.client.grantRead('reader', '/t/');
    await eventually(() => expect(sink.addresses('a')).toEqual(['10.0.0.1:80']));
    expect(sink.errors).toHaveLength(1);

    await etcd.client.login('root', 'root');
    await etcd.client.revokeRead('reader', '/t/');
    await eventually(() => expect(sink.errors).toHaveLength(2));
    expect(sink.addresses('a')).toEqual(['10.0.0.1:80']);
  });

  it('with a wrong password are told so once; a password file is read again when it changes', async () => {
    const etcd = await startWithUsers();
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-password-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const password_file = join(folder, 'password');
    writeFileSync(password_file, 'wrong\n');
    await put(etcd, '/s/a/10.0.0.1:80', {});
    const sink = run({ endpoints: [etcd.url], prefix: '/s/', user: 'reader', password_file });
    await eventually(() => expect(sink.errors).toHaveLength(1));
    expect(sink.errors[0]).toMatchObject({
      code: 'registry_refused',
      message: expect.stringContaining('authentication failed'),
    });
    const asked = () => etcd.process.output.split('invalid user ID or password').length;
    const before = asked();
    await eventually(() => expect(asked()).toBeGreaterThan(before + 1), 20_000);
    expect(sink.errors).toHaveLength(1);
    writeFileSync(password_file, 'se:cr@t/\n');
    await eventually(() => expect(sink.addresses('a')).toEqual(['10.0.0.1:80']));

    // Changed on the server: the token goes with it.
    await etcd.client.login('root', 'root');
    await etcd.client.changePassword('reader', 'another');
    await eventually(() => expect(sink.errors).toHaveLength(2));
    writeFileSync(password_file, 'another\n');
    await eventually(() => expect(sink.healthy).toBe(true));
    expect(JSON.stringify(sink.errors.map(({ message }) => message))).not.toMatch(/wrong|se:cr@t|another/);
  });
});

describe('TLS', () => {
  it('is checked against the authority, and shows a client certificate', async () => {
    const certificates = await Certificates.make(['localhost', 'etcd.test']);
    closers.push(() => certificates.remove());
    const etcd = await start({ certificates });
    await etcd.client.put('/s/a/10.0.0.1:80', {});
    const { ca, client } = certificates;
    const endpoints = [etcd.url];
    const named = run({ endpoints, prefix: '/s/', tls: { ca, ...client, server_name: 'etcd.test' } });
    const good = run({ endpoints, prefix: '/s/', tls: { ca, ...client } });
    const careless = run({ endpoints, prefix: '/s/', tls: { ...client, insecure_skip_verify: true } });
    for (const sink of [named, good, careless])
      await eventually(() => expect(sink.addresses('a')).toEqual(['10.0.0.1:80']));

    const unknown = run({ endpoints, prefix: '/s/', tls: { ...client } });
    const misnamed = run({ endpoints, prefix: '/s/', tls: { ca, ...client, server_name: 'other.test' } });
    const anonymous = run({ endpoints, prefix: '/s/', tls: { ca } });
    const missing = run({ endpoints, prefix: '/s/', tls: { ca: '/no/such/file.pem' } });
    for (const sink of [unknown, misnamed, anonymous, missing])
      await eventually(() => expect(sink.errors.length).toBeGreaterThan(0));
    expect(unknown.errors[0]?.message).toMatch(/certificate/);
    expect(misnamed.errors[0]?.message).toMatch(/other\.test/);
    expect(missing.errors[0]?.code).toBe('config_unreadable');
    expect([unknown, misnamed, anonymous, missing].map(({ syncs }) => syncs)).toEqual([0, 0, 0, 0]);
  });
});
