import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ResourceSet } from '../../../../src/snapshot/resource-set.js';
import { Accounts } from '../../../../src/xds/guard/account.js';
import { ClientCount } from '../../../../src/xds/guard/client-count.js';
import { Refusals } from '../../../../src/xds/guard/refusals.js';
import { StreamGuard } from '../../../../src/xds/guard/stream-guard.js';
import { DEFAULT_LIMITS, type Limits } from '../../../../src/xds/limits.js';
import { NameSet, NameTable } from '../../../../src/xds/name-set.js';
import type { Response } from '../../../../src/xds/response.js';
import { NEW_STREAM } from '../../../../src/xds/stream-state.js';
import { Subscription } from '../../../../src/xds/subscription.js';
import { newTypeState, type TypeState } from '../../../../src/xds/type-state.js';
import { TypeStates } from '../../../../src/xds/type-states.js';

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

function guarded(more: Partial<Limits> = {}) {
  const events: string[] = [];
  const limits = { ...LIMITS, ...more };
  const accounts = new Accounts(limits, Date.now);
  const guard = new StreamGuard(
    limits,
    accounts.call('10.0.0.1:1'),
    {
      pause: () => events.push('pause'),
      resume: () => events.push('resume'),
      unread: () => events.push('unread'),
      silent: () => events.push('silent'),
    },
    Date.now,
  );
  return { guard, events, accounts };
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

const table = new NameTable();
const names = (count: number, length: number) =>
  table.of(Array.from({ length: count }, (_, n) => `${n}`.padEnd(length, 'x')));
type Asked = readonly [typeUrl: string, names: NameSet, more?: Partial<TypeState>];
const stateOf = (...types: readonly Asked[]) => ({
  ...NEW_STREAM,
  types: types.reduce(
    (all, [typeUrl, asked, more = {}]) =>
      all.with({ ...newTypeState(typeUrl), subscription: Subscription.of(false, asked), ...more }),
    TypeStates.NONE,
  ),
});
const served = (typeUrl: string) => typeUrl !== 'unknown';
const responseOf = (weight: number): Response => ({
  ...{ typeUrl: 'a', version: '1', resources: [], removed: [], changed: [] },
  weight,
});

const SILENT = {
  pause: () => undefined,
  resume: () => undefined,
  unread: () => undefined,
  silent: () => undefined,
};
const waitingFor = (response: Response) => ({
  outstanding: [{ nonce: '1', response, held: ResourceSet.EMPTY }],
});

test('the names of a stream, their bytes, its types', () => {
  const { guard } = guarded({ names_per_stream: 5, types_per_stream: 2, name_bytes_per_stream: 1_000 });
  const why = (...types: readonly Asked[]) => guard.tooMuch(stateOf(...types), served);
  expect(why(['a', names(2, 200)], ['b', names(3, 200)])).toBeUndefined();
  expect(why(['a', names(3, 1)], ['b', names(3, 1)])).toMatch(/may ask for 5 resources by name/);
  expect(why(['a', names(2, 200)], ['b', names(3, 201)])).toMatch(/may have 1000 bytes, these have 1003/);
  expect(why(['a', NameSet.EMPTY], ['b', NameSet.EMPTY], ['c', NameSet.EMPTY])).toMatch(/2 types/);
});

test('200,000 names of 80 bytes fit', () => {
  const { guard } = guarded();
  expect(
    guard.tooMuch(stateOf(['a', names(100_000, 80)], ['b', names(100_000, 81)]), served),
  ).toBeUndefined();
});

test('of a type that nothing is served of hardly anything is kept', () => {
  const { guard } = guarded();
  expect(guard.tooMuch(stateOf(['unknown', names(16, 4_096)]), served)).toBeUndefined();
  expect(guard.tooMuch(stateOf(['unknown', names(17, 4_096)]), served)).toMatch(
    /types that are not served may have 65536 bytes/,
  );
  expect(guard.tooMuch(stateOf(['known', names(17, 4_096)]), served)).toBeUndefined();
});

test('what streams keep is charged to their account, what they share once, and given back', () => {
  const { guard, accounts } = guarded();
  const other = new StreamGuard(LIMITS, accounts.call('10.0.0.1:1'), SILENT, Date.now);
  const [large, larger] = [names(100, 100), names(200, 100)];
  const response = responseOf(10_000);
  const waiting = waitingFor(response);
  for (const one of [guard, other]) one.tooMuch(stateOf(['a', large]), served);
  expect(accounts.held).toBe(large.weight);
  for (const one of [guard, other]) {
    one.keeps(stateOf(['a', large, waiting]));
    expect(accounts.held).toBe(large.weight + 10_000);
  }
  guard.tooMuch(stateOf(['a', larger, { owed: large }]), served);
  expect(accounts.held).toBe(large.weight + larger.weight + 10_000);
  other.tooMuch(stateOf(['a', names(1, 1)]), served);
  expect(accounts.held).toBe(large.weight + larger.weight);
  guard.tooMuch(stateOf(['a', names(1, 1)]), served);
  expect(accounts.held).toBe(0);
});

test('what all clients together may not keep, a stream may not', () => {
  const { guard } = guarded({ held_bytes: 1_000_000 });
  expect(guard.tooMuch(stateOf(['a', names(1_000, 200)]), served)).toBeUndefined();
  expect(guard.tooMuch(stateOf(['a', names(3_000, 200)]), served)).toMatch(/hold/);
  const response = waitingFor(responseOf(2_000_000));
  expect(guarded({ held_bytes: 1_000_000 }).guard.keeps(stateOf(['a', NameSet.EMPTY, response]))).toMatch(
    /hold/,
  );
});
