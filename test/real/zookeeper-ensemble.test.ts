import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/eventually.js';
import { ZooKeeperEnsemble, type ZooKeeperServer } from '../peers/zookeeper.js';
import { FollowedZooKeeper } from '../support/zookeeper-source.js';

let ensemble: ZooKeeperEnsemble;
let source: FollowedZooKeeper;

/** The server that the source said last it is connected to. */
const current = (): ZooKeeperServer => {
  const [last] = [...source.log.matchAll(/"server":"([\d.:]+)","msg":"connected/g)].reverse();
  const server = ensemble.servers.find(({ host }) => host === last?.[1]);
  if (server === undefined) throw new Error('the source is not connected');
  return server;
};

/** Writes by way of another server than the one named. */
const put = async (path: string, data = '', not?: ZooKeeperServer): Promise<void> => {
  const server = ensemble.servers.find((other) => other !== not);
  const client = await server?.client();
  // While the servers elect a leader, connections are closed.
  await eventually(() => client?.put(path, data), 30_000);
  client?.close();
};

beforeAll(async () => {
  ensemble = await ZooKeeperEnsemble.start();
  await put('/services/web/10.0.0.1:80');
  source = new FollowedZooKeeper(ensemble.hosts);
});

afterAll(async () => {
  await source.stop();
  await ensemble.close();
});

test('its server dies: the next one is followed, no change is lost', async () => {
  await source.serves('web', ['10.0.0.1:80']);
  const dead = current();
  await dead.stop();
  await source.fails('registry_unreachable', dead.host);
  await put('/services/web/10.0.0.2:80', '', dead);
  await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80']);
  expect(current()).not.toBe(dead);
  expect(source.sink.healthy).toBe(true);
  await dead.start();
});

test('its server freezes: the next one is followed', async () => {
  const frozen = current();
  const failures = source.sink.errors.length;
  frozen.process.freeze();
  try {
    await source.fails('registry_timeout', frozen.host, failures);
    await source.healthy();
    expect(current()).not.toBe(frozen);
    await put('/services/web/10.0.0.3:80', '', frozen);
    await source.serves('web', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
  } finally {
    frozen.process.thaw();
  }
});

test('no majority: nothing is served by the registry, what is known stays; then it goes on', async () => {
  await Promise.all(ensemble.servers.map((server) => server.ready()));
  const last = current();
  const others = ensemble.servers.filter((server) => server !== last);
  await Promise.all(others.map((server) => server.stop()));
  await eventually(() => expect(source.sink.healthy).toBe(false), 30_000);
  expect(source.sink.addresses('web')).toEqual(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
  await Promise.all(others.map((server) => server.start()));
  await put('/services/web/10.0.0.1:80', '{"weight":0}');
  await source.serves('web', ['10.0.0.2:80', '10.0.0.3:80']);
});
