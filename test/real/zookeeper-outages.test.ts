import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { ZooKeeperServer } from '../peers/zookeeper.js';
import type { ZooKeeperTestClient } from '../peers/zookeeper-client.js';
import { FollowedZooKeeper } from '../support/zookeeper-source.js';

let server: ZooKeeperServer;
let client: ZooKeeperTestClient;
let followed: FollowedZooKeeper[];

const follow = (hosts: readonly string[] = [server.host], options: object = {}): FollowedZooKeeper => {
  const source = new FollowedZooKeeper(hosts, options);
  followed.push(source);
  return source;
};
/** Sessions that the server has ended by itself. */
const expired = async (): Promise<number> =>
  Number(/zk_stale_sessions_expired\s+(\d+)/.exec(await server.command('mntr'))?.[1]);
const listen = async (fake: Server): Promise<string> => {
  await new Promise<void>((done) => fake.listen(0, '127.0.0.1', done));
  const address = fake.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return `127.0.0.1:${address.port}`;
};

beforeAll(async () => {
  server = await ZooKeeperServer.start();
  client = await server.client();
});

afterAll(async () => {
  client.close();
  await server.close();
});

beforeEach(async () => {
  followed = [];
  await client.put('/services/web', '');
  await client.put('/services/web/10.0.0.1:80');
  await client.put('/services/api/10.0.0.2:80');
});

afterEach(async () => {
  await Promise.all(followed.map((source) => source.stop()));
  await client.remove('/services');
});

test('a server that does not listen', async () => {
  const source = follow([`127.0.0.1:${await freePort()}`]);
  await source.fails('registry_unreachable', /ECONNREFUSED/);
  expect(source.sink.syncs).toBe(0);
});

test('what is no ZooKeeper, hangs up, says nothing or says what nobody knows: each a failure, no crash', async () => {
  const fakes = [
    createServer(
      (socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ),
    createServer((socket) => void socket.on('error', () => undefined).write(Buffer.from([0, 0, 0, 2, 9, 9]))),
    // A taken session, then an error code that the client does not know.
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const taken = Buffer.alloc(4 + 36 + 1);
        taken.writeInt32BE(37, 0);
        taken.writeInt32BE(10_000, 8);
        taken.writeInt32BE(16, 20);
        const throttled = Buffer.alloc(20);
        throttled.writeInt32BE(16, 0);
        throttled.writeInt32BE(-127, 16);
        socket.write(taken);
        socket.once('data', () => socket.write(throttled));
      });
    }),
    createServer((socket) => void socket.destroy()),
    createServer((socket) => void socket.on('error', () => undefined)),
  ] as const;
  try {
    const hosts = await Promise.all(fakes.map(listen));
    const [http, other, throttling, closing, silent] = hosts.map((host) => follow([host], { timeout: 300 }));
    await http?.fails('registry_bad_answer', /this is no ZooKeeper server/);
    await other?.fails('registry_bad_answer', /out of range|outside/);
    await throttling?.fails('registry_bad_answer', /error code -127/);
    await closing?.fails('registry_unreachable', /closed the connection|ECONNRESET/);
    await silent?.fails('registry_timeout', /did not take the session within 300 ms/);
    for (const source of followed) expect(source.sink.syncs).toBe(0);

    // Beside servers that are of no use, one that is.
    const source = follow([...hosts, server.host], { timeout: 1_000 });
    await source.serves('web', ['10.0.0.1:80']);
  } finally {
    await Promise.all(followed.map((source) => source.stop()));
    for (const fake of fakes) fake.close();
  }
});

test('a frozen server is noticed within seconds, in a session and at its start', async () => {
  const source = follow();
  await source.healthy();
  client.close();
  server.process.freeze();
  const frozen = performance.now();
  try {
    await source.fails('registry_timeout', 'did not answer within 2000 ms');
    // 2 s at most until it is probed and 2 s for an answer; the rest is for a busy machine.
    expect(performance.now() - frozen).toBeLessThan(10_000);
    expect(source.sink.addresses('web')).toEqual(['10.0.0.1:80']);
    await source.fails('registry_timeout', 'did not take the session within 2000 ms');
  } finally {
    server.process.thaw();
    client = await server.client();
  }
  await source.healthy();
  await client.put('/services/web/10.0.0.3:80');
  await source.serves('web', ['10.0.0.1:80', '10.0.0.3:80']);
});

test('a restart keeps everything; what changed while nobody watched is seen, and only that is told', async () => {
  const proxy = await TcpProxy.start(server.port);
  try {
    const source = follow([`127.0.0.1:${proxy.port}`]);
    await source.healthy();
    const { sets } = source.sink;
    client.close();
    await server.stop();
    await source.fails('registry_unreachable', /zookeeper:/);
    expect(source.sink.addresses('web')).toEqual(['10.0.0.1:80']);
    proxy.refuse();
    await server.start();
    client = await server.client();
    await client.put('/services/web/10.0.0.9:80');
    await client.remove('/services/web/10.0.0.1:80');
    proxy.forward();
    await source.serves('web', ['10.0.0.9:80']);
    expect([source.sink.healthy, source.sink.sets]).toEqual([true, sets + 1]);
    await client.put('/services/api/10.0.0.4:80');
    await source.serves('api', ['10.0.0.2:80', '10.0.0.4:80']);
  } finally {
    await Promise.all(followed.map((source) => source.stop()));
    await proxy.close();
  }
});

test('an expired session: a new one, everything read, only what changed told', async () => {
  const proxy = await TcpProxy.start(server.port);
  try {
    const before = await expired();
    const source = follow([`127.0.0.1:${proxy.port}`], { session_timeout: '1s', timeout: '20s' });
    await source.healthy();
    const { sets } = source.sink;
    proxy.stall();
    await client.put('/services/web/10.0.0.5:80');
    await eventually(async () => expect(await expired()).toBeGreaterThan(before), 20_000);
    expect([source.sink.errors, source.sink.addresses('web')]).toEqual([[], ['10.0.0.1:80']]);
    proxy.forward();
    await source.serves('web', ['10.0.0.1:80', '10.0.0.5:80']);
    await source.healthy();
    expect(proxy.connections).toBeGreaterThan(1);
    expect(source.sink.sets).toBe(sets + 1);
    await client.put('/services/web/10.0.0.6:80');
    await source.serves('web', ['10.0.0.1:80', '10.0.0.5:80', '10.0.0.6:80']);
  } finally {
    await Promise.all(followed.map((source) => source.stop()));
    await proxy.close();
  }
});

test('connections cut over and over, also in the middle of an answer, lose no change', async () => {
  const proxy = await TcpProxy.start(server.port);
  try {
    const source = follow([`127.0.0.1:${proxy.port}`]);
    await source.healthy();
    for (let turn = 1; turn <= 5; turn += 1) {
      await client.put('/services/web/10.0.0.1:80', JSON.stringify({ weight: turn }));
      if (turn % 2 === 0) proxy.cut();
      else void proxy.cutAfter(10 * turn);
      await client.put(`/services/web/10.0.1.${turn}:80`);
      await eventually(() => {
        const weights = source.sink.services.get('web')?.instances.map(({ weight }) => weight);
        expect(weights?.sort()).toEqual([turn, ...Array.from({ length: turn }, () => 100)].sort());
      }, 20_000);
    }
  } finally {
    await Promise.all(followed.map((source) => source.stop()));
    await proxy.close();
  }
});

test('a session ends with its source', async () => {
  const sessions = async () => (await server.command('cons')).match(/sid=0x/g)?.length ?? 0;
  const before = await sessions();
  const source = follow();
  await source.healthy();
  await eventually(async () => expect(await sessions()).toBe(before + 1));
  await source.stop();
  await eventually(async () => expect(await sessions()).toBe(before));
  expect(source.sink.errors).toEqual([]);
});

test('a wiped server is an empty answer; what is registered then is seen', async () => {
  const source = follow();
  await source.healthy();
  client.close();
  await server.stop();
  server.wipe();
  await source.fails('registry_unreachable', /zookeeper:/);
  expect(source.sink.addresses('web')).toEqual(['10.0.0.1:80']);
  await server.start();
  await source.serves('web', undefined);
  expect(source.sink.services.size).toBe(0);
  client = await server.client();
  await client.put('/services/web/10.0.0.7:80');
  await source.serves('web', ['10.0.0.7:80']);
});
