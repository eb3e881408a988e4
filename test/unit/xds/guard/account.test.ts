import { expect, test } from 'vitest';
import { Accounts } from '../../../../src/xds/guard/account.js';
import { DEFAULT_LIMITS } from '../../../../src/xds/limits.js';

const LIMITS = { ...DEFAULT_LIMITS, held_bytes: 1_000, held_bytes_per_connection: 400 };

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
  expect(a.hold(300)).toBeUndefined();
  expect(b.hold(101)).toMatch(/connection .* 400 bytes/);
  const c = all.call('10.0.0.1:2');
  expect(c.hold(201)).toMatch(/a client .* 500 bytes/);
  expect(c.hold(200)).toBeUndefined();
  const others = ['10.0.0.2:1', '10.0.0.3:1'].map((peer) => all.call(peer));
  expect(others.map((call) => call.hold(300))).toEqual([
    undefined,
    expect.stringMatching(/all clients .* 1000 bytes/),
  ]);
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
  expect(calls.map((call) => call.hold(400))).toEqual([undefined, undefined]);
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
    while (taken < 5_000 && all.called(peer)) taken += 1;
    return taken;
  };
  const peers = Array.from({ length: 12 }, (_, port) => `10.0.0.1:${port}`);
  for (const peer of peers) all.connected(peer);
  expect(peers.map(calls)).toEqual([...new Array(10).fill(1_000), 0, 0]);
  expect(all.called('10.0.0.2:1')).toBe(true);
  const local = Array.from({ length: 12 }, (_, port) => `127.0.0.1:${port}`);
  const closings = local.map((peer) => all.connected(peer));
  expect(local.map(calls)).toEqual(new Array(12).fill(1_000));
  pass(1_100);
  expect(calls('127.0.0.1:0')).toBe(109);
  // A connection that is made anew is another one.
  for (const close of closings) close();
  all.connected('127.0.0.1:0');
  expect(calls('127.0.0.1:0')).toBe(1_000);
});
