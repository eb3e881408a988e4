import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Accounts } from '../../../../src/xds/guard/account.js';
import { ClientCount } from '../../../../src/xds/guard/client-count.js';
import { Refusals } from '../../../../src/xds/guard/refusals.js';
import { StreamGuard } from '../../../../src/xds/guard/stream-guard.js';
import { DEFAULT_LIMITS } from '../../../../src/xds/limits.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LIMITS = {
  ...DEFAULT_LIMITS,
  requests_per_second: 3,
  queued_bytes: 100,
  queued_time: 1_000,
  idle_timeout: 5_000,
};

function guarded() {
  const events: string[] = [];
  const accounts = new Accounts(LIMITS, Date.now);
  const guard = new StreamGuard(
    LIMITS,
    accounts.call('10.0.0.1:1'),
    {
      pause: () => events.push('pause'),
      resume: () => events.push('resume'),
      unread: () => events.push('unread'),
      silent: () => events.push('silent'),
    },
    Date.now,
  );
  return { guard, events };
}

test('so many requests a second are taken; the others wait for the next second', () => {
  const { guard, events } = guarded();
  guard.arrived();
  guard.arrived();
  expect(events).toEqual([]);
  guard.arrived();
  expect(events).toEqual(['pause']);
  vi.advanceTimersByTime(999);
  expect(events).toEqual(['pause']);
  vi.advanceTimersByTime(1);
  expect(events).toEqual(['pause', 'resume']);
  for (let second = 0; second < 10; second += 1) {
    guard.arrived();
    guard.arrived();
    vi.advanceTimersByTime(1_000);
  }
  expect(events).toEqual(['pause', 'resume']);
});

test('who makes more work than its share of the time waits until it is no more than that', () => {
  const { guard, events } = guarded();
  guard.arrived();
  guard.worked(100);
  expect(events).toEqual([]);
  guard.worked(250);
  expect(events).toEqual(['pause']);
  vi.advanceTimersByTime(399);
  // What it was still at when it was paused.
  guard.worked(100);
  vi.advanceTimersByTime(400);
  expect(events).toEqual(['pause']);
  vi.advanceTimersByTime(1);
  expect(events).toEqual(['pause', 'resume']);
  vi.advanceTimersByTime(1_000);
  for (let second = 0; second < 10; second += 1) {
    guard.worked(100);
    guard.worked(100);
    vi.advanceTimersByTime(1_000);
  }
  expect(events).toEqual(['pause', 'resume']);
});

test('a stream on which nothing comes is ended, another one is not', () => {
  const [silent, speaking] = [guarded(), guarded()];
  speaking.guard.arrived();
  vi.advanceTimersByTime(60_000);
  expect(silent.events).toEqual(['silent']);
  expect(speaking.events).toEqual([]);
});

test('who does not read is cut off; who reads slowly is not', () => {
  const { guard, events } = guarded();
  guard.queued(60);
  guard.queued(50);
  guard.queued(200);
  vi.advanceTimersByTime(900);
  guard.written();
  vi.advanceTimersByTime(900);
  guard.written();
  vi.advanceTimersByTime(900);
  expect(events).not.toContain('unread');
  guard.written();
  vi.advanceTimersByTime(4_000);
  guard.queued(100);
  vi.advanceTimersByTime(4_000);
  expect(events).not.toContain('unread');
  guard.queued(1);
  vi.advanceTimersByTime(1_000);
  expect(events).toContain('unread');
});

test('after its end nothing happens', () => {
  const { guard, events } = guarded();
  guard.queued(1_000);
  guard.end();
  guard.queued(1_000);
  guard.written();
  for (let request = 0; request < 10; request += 1) guard.arrived();
  vi.advanceTimersByTime(60_000);
  expect(events).toEqual([]);
});

test('of one client and of all together there are only so many', () => {
  const count = new ClientCount(3, 2);
  const first = count.take('10.0.0.1');
  expect(count.take('10.0.0.1')).toBeTypeOf('function');
  expect(count.take('10.0.0.1')).toBe('client');
  expect(count.take('10.0.0.2')).toBeTypeOf('function');
  expect(count.take('10.0.0.3')).toBe('all');
  if (typeof first !== 'function') throw new Error('not taken');
  first();
  first();
  expect(count.take('10.0.0.1')).toBeTypeOf('function');
  expect(count.take('10.0.0.3')).toBe('all');
});

test('where no limit of a client is set, it is 1,000, and none for this machine', () => {
  const count = new ClientCount(10_000, undefined);
  const most = (client: string) => {
    let taken = 0;
    while (taken < 2_000 && typeof count.take(client) === 'function') taken += 1;
    return taken;
  };
  expect(['10.0.0.1', '::1', '127.0.0.1', '::ffff:127.0.0.1'].map(most)).toEqual([
    1_000, 2_000, 2_000, 2_000,
  ]);
});

test('of many refusals the first is told, and how many others there were', () => {
  const lines: unknown[][] = [];
  const logger = { warn: (...line: unknown[]) => lines.push(line) };
  const refusals = new Refusals(Object.create(logger), Date.now);
  for (let attempt = 0; attempt < 100; attempt += 1) refusals.add('no', { client: attempt });
  refusals.add('other', {});
  vi.advanceTimersByTime(10_000);
  refusals.add('no', { client: 'last' });
  expect(lines).toEqual([
    [{ client: 0 }, 'no'],
    [{}, 'other'],
    [{ client: 'last', others_since: 99 }, 'no'],
  ]);
});
