import { expect, test } from 'vitest';
import { Accounts } from '../../../../src/xds/guard/account.js';
import { DEFAULT_LIMITS } from '../../../../src/xds/limits.js';

const LIMITS = { ...DEFAULT_LIMITS, held_bytes: 1_000_000, held_bytes_per_connection: 400_000 };

function accounts() {
  let now = 0;
  return {
    accounts: new Accounts(LIMITS, () => now),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

test('the bytes of all calls of a connection, of a client and of the process', () => {
  const { accounts: all } = accounts();
  const [a, b] = [all.call('10.0.0.1:1'), all.call('10.0.0.1:1')];
  expect(a.hold(300_000)).toBeUndefined();
  expect(b.hold(100_001)).toMatch(/connection .* 400000 bytes/);
  const c = all.call('10.0.0.1:2');
  expect(c.hold(200_001)).toMatch(/a client .* 500000 bytes/);
  expect(c.hold(200_000)).toBeUndefined();
  const others = ['10.0.0.2:1', '10.0.0.3:1'].map((peer) => all.call(peer));
  expect(others.map((call) => call.hold(300_000))).toEqual([
    undefined,
    expect.stringMatching(/all clients .* 1000000 bytes/),
  ]);
  // The usual goes on.
  expect(others[1]?.hold(100_000)).toBeUndefined();
  for (const call of [a, b, c, ...others]) call.close();
  expect(all.held).toBe(0);
  // What comes late is nobody's any more.
  expect(a.hold(5_000)).toBeUndefined();
  a.release(10);
  a.close();
  expect(all.held).toBe(0);
});

test('the connections of loopback belong to many clients', () => {
  const { accounts: all } = accounts();
  const calls = [1, 2].map((port) => all.call(`127.0.0.1:${port}`));
  expect(calls.map((call) => call.hold(400_000))).toEqual([undefined, undefined]);
});

test('the time that calls work is that of their connection', () => {
  const { accounts: all, pass } = accounts();
  const calls = Array.from({ length: 30 }, () => all.call('127.0.0.1:1'));
  const other = all.call('127.0.0.1:2');
  let worked = 0;
  for (let at = 0; at < 60_000; at += 10) {
    for (const call of calls)
      if (call.worked(0) === 0) {
        call.worked(10);
        worked += 10;
      }
    pass(10);
  }
  // A quarter, and the burst.
  expect(worked).toBeGreaterThan(15_000);
  expect(worked).toBeLessThan(15_600);
  expect(other.worked(100)).toBe(0);
});

test('new calls: 1,000 at once on a connection, then 100 a second; ten times as many of a client', () => {
  const { accounts: all, pass } = accounts();
  const calls = (peer: string) => {
    let taken = 0;
    const connection = all.connected(peer);
    while (taken < 5_000 && connection.called()) taken += 1;
    all.disconnected(peer);
    return taken;
  };
  const peers = Array.from({ length: 12 }, (_, port) => `10.0.0.1:${port}`);
  for (const peer of peers) all.connected(peer);
  expect(peers.map(calls)).toEqual([...new Array(10).fill(1_000), 0, 0]);
  expect(all.connected('10.0.0.2:1').called()).toBe(true);
  const local = Array.from({ length: 12 }, (_, port) => `127.0.0.1:${port}`);
  for (const peer of local) all.connected(peer);
  expect(local.map(calls)).toEqual(new Array(12).fill(1_000));
  pass(1_100);
  expect(calls('127.0.0.1:0')).toBe(109);
  // A connection that is made anew is another one.
  for (const peer of local) all.disconnected(peer);
  all.connected('127.0.0.1:0');
  expect(calls('127.0.0.1:0')).toBe(1_000);
});

test('while a client has much to read, no call of its connection is to send more', () => {
  const { accounts: all } = accounts();
  const connection = all.connected('127.0.0.1:1');
  const [a, b, c] = [1, 2, 3].map(() => all.call('127.0.0.1:1'));
  const other = all.call('127.0.0.1:2');
  const told: string[] = [];
  connection.queued(400_001);
  connection.queued(100_000);
  expect([a?.hasRoom, other.hasRoom]).toEqual([false, true]);
  a?.whenRoom(() => {
    told.push('a');
    connection.queued(100_000);
  });
  b?.whenRoom(() => told.push('b'));
  c?.whenRoom(() => told.push('c'));
  c?.close();
  connection.written(100_000);
  expect(told).toEqual([]);
  connection.written(1);
  expect(told).toEqual(['a']);
  connection.written(400_000);
  expect(told).toEqual(['a', 'b']);
});
