import { type Client, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, connect } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';
import { Signalbox } from '../../support/signalbox.js';

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** Streams on `connections` connections, each with its first answer. */
async function open(address: string, connections: number, each: number): Promise<readonly AdsStream[]> {
  const own = Array.from({ length: connections }, () => connect(address));
  clients.push(...own);
  const streams = own.flatMap((client, index) =>
    Array.from({ length: each }, (_, nth) => new AdsStream(client, `n${index}-${nth}`)),
  );
  for (const stream of streams) stream.ask(TYPE_URL.cluster);
  await eventually(() => {
    for (const stream of streams) expect(stream.last(TYPE_URL.cluster)).toBeDefined();
  }, 30_000);
  return streams;
}

const endedOf = (streams: readonly AdsStream[]) => streams.filter(({ ended }) => ended !== undefined).length;

test('streams are sent away one after the other, and no new one is taken', async () => {
  const plane = await ControlPlane.start({ drain: 2_000 });
  plane.publish();
  const streams = await open(plane.address, 1, 20);
  const stopped = plane.server.stop();
  const counts = new Set<number>();
  await eventually(() => {
    counts.add(endedOf(streams));
    expect(endedOf(streams)).toBe(20);
  }, 30_000);
  // Not all at once: in between some had ended and some had not.
  expect([...counts].filter((count) => count > 0 && count < 20)).not.toEqual([]);
  for (const { ended } of streams) {
    expect(ended).toMatchObject({ code: status.UNAVAILABLE, details: 'the control plane is shutting down' });
  }
  await stopped;
});

test('while a server drains, a client that comes back is served elsewhere', async () => {
  const [leaving, staying] = await Promise.all([ControlPlane.start({ drain: 2_000 }), ControlPlane.start()]);
  for (const plane of [leaving, staying]) plane.publish();
  const client = connect(`ipv4:${leaving.address},${staying.address}`);
  clients.push(client);
  const streams = [new AdsStream(client, 'a'), new AdsStream(client, 'b')];
  for (const stream of streams) stream.ask(TYPE_URL.cluster);
  await eventually(() => {
    for (const stream of streams) expect(stream.last(TYPE_URL.cluster)).toBeDefined();
  });
  expect([leaving.server.streams.size, staying.server.streams.size]).toEqual([2, 0]);

  const stopped = leaving.server.stop();
  await eventually(() => expect(streams[0]?.ended?.code).toBe(status.UNAVAILABLE));
  // The connection has been told to go away: what is new goes elsewhere while the other stream is still open.
  const again = new AdsStream(client, 'a');
  again.ask(TYPE_URL.cluster);
  await eventually(() => expect(again.last(TYPE_URL.cluster)).toBeDefined());
  expect(staying.server.streams.size).toBe(1);
  expect(again.ended).toBeUndefined();
  await stopped;
  again.cancel();
  await staying.server.stop();
});

test('without streams the end is at once, whatever the time to drain', async () => {
  const plane = await ControlPlane.start({ drain: 3_600_000 });
  await plane.server.stop();
  const client = connect(plane.address);
  clients.push(client);
  const stream = new AdsStream(client, 'late');
  await eventually(() => expect(stream.ended?.code).toBe(status.UNAVAILABLE));
});

test('the process ends by itself within five seconds of SIGTERM, 50 streams open', async () => {
  const signalbox = await Signalbox.start({});
  try {
    const streams = await open(`127.0.0.1:${signalbox.xdsPort}`, 10, 5);
    signalbox.process.signal('SIGTERM');
    await eventually(async () => expect(await signalbox.status('/readyz')).toBe(503));
    await eventually(() => expect(signalbox.process.running).toBe(false), 20_000);
    // The program cuts itself off with 1 where it cannot end in time.
    expect(signalbox.process.exitCode).toBe(0);
    await eventually(() => expect(endedOf(streams)).toBe(50));
    expect(new Set(streams.map(({ ended }) => ended?.code))).toEqual(new Set([status.UNAVAILABLE]));
  } finally {
    await signalbox.close();
  }
});
