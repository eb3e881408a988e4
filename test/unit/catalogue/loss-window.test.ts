import { beforeEach, expect, test } from 'vitest';
import { LossWindow } from '../../../src/catalogue/loss-window.js';
import { addressOf } from '../../../src/model/instance.js';
import { stateOf } from '../../support/instances.js';

let window: LossWindow;
let known: Map<string, readonly string[]>;

beforeEach(() => {
  window = new LossWindow({ registry: 0.5, service: 0.8, large: 4, window: 100 });
  known = new Map();
});

/** @returns the services that changed, or which are held */
function say(now: number, services: Readonly<Record<string, readonly string[]>>): readonly string[] {
  const changes = Object.entries(services).map(([service, addresses]) => {
    const before = known.get(service);
    known.set(service, addresses);
    return { key: { service }, before: before && stateOf(...before), after: stateOf(...addresses) };
  });
  return window.take(changes, now).map(({ service }) => service);
}
const held = (service: string) => window.heldOf({ service }).map(addressOf);

test('services are remembered for as long as the window', () => {
  say(0, { a: ['h1:1', 'h2:1', 'h3:1'], b: ['h1:1', 'h2:1', 'h3:1'] });
  say(0, { c: ['h1:1'] });
  expect(window.size).toBe(3);
  say(60, { a: ['h1:1', 'h2:1'] });
  expect(say(99, {})).toEqual([]);
  expect(window.size).toBe(3);
  say(100, {});
  expect(window.size).toBe(1);
  say(159, {});
  expect(window.size).toBe(1);
  say(160, {});
  expect(window.size).toBe(0);
});

test('a change without a loss or a gain is not remembered', () => {
  window.start([{ key: { service: 'a' }, before: undefined, after: stateOf('h1:1') }]);
  known.set('a', ['h1:1']);
  expect(say(0, { a: ['h1:1'] })).toEqual(['a']);
  expect(window.size).toBe(0);
});

test('a service whose instances are back is forgotten, and no longer held', () => {
  say(0, { a: ['h1:1', 'h2:1', 'h3:1', 'h4:1'] });
  say(100, {});
  expect(say(110, { a: [] })).toEqual(['a']);
  expect([held('a'), window.held]).toMatchObject([
    ['h1:1', 'h2:1', 'h3:1', 'h4:1'],
    { services: 1, instances: 4 },
  ]);
  expect(say(120, { a: ['h1:1', 'h2:1', 'h3:1', 'h4:1'] })).toEqual(['a']);
  expect([held('a'), window.held, window.size]).toMatchObject([[], { services: 0, instances: 0 }, 0]);
});

test('services that were let through are told when they are held, and when they no longer are', () => {
  say(0, { a: ['h1:1', 'h2:1'], b: ['h1:1'], c: ['h1:1', 'h2:1', 'h3:1'] });
  say(100, {});
  expect(say(110, { a: [], b: ['h1:1'] })).toEqual(['a', 'b']);
  expect(held('a')).toEqual([]);
  expect([...say(120, { c: ['h1:1'] })].sort()).toEqual(['a', 'c']);
  expect([held('a'), held('c'), window.held]).toMatchObject([
    ['h1:1', 'h2:1'],
    ['h2:1', 'h3:1'],
    { services: 2, instances: 4 },
  ]);
  expect([...say(130, { c: ['h1:1', 'h2:1'] })].sort()).toEqual(['a', 'c']);
  expect([held('a'), held('c'), window.held]).toMatchObject([[], [], { services: 0, instances: 0 }]);
});

test('a service that lost nothing is not told when the registry as a whole is held', () => {
  say(0, { a: ['h1:1', 'h2:1', 'h3:1'], b: ['h1:1'] });
  say(100, {});
  say(110, { c: ['h1:1'] });
  expect([...say(120, { a: [], b: [] })].sort()).toEqual(['a', 'b']);
});

test('losses that were held beyond the window are forgotten when they are held no more', () => {
  say(0, { a: ['h1:1', 'h2:1'], b: ['h1:1', 'h2:1', 'h3:1'] });
  say(100, {});
  say(110, { a: [], b: ['h1:1'] });
  expect(held('a')).toEqual(['h1:1', 'h2:1']);
  say(300, {});
  expect(window.size).toBe(2);
  expect([...say(310, { b: ['h1:1', 'h2:1', 'h3:1'] })].sort()).toEqual(['a', 'b']);
  expect([held('a'), window.size]).toEqual([[], 0]);
});

test('believing everything forgets it all', () => {
  say(0, { a: ['h1:1', 'h2:1', 'h3:1', 'h4:1'], b: ['h1:1'] });
  say(100, {});
  say(110, { a: [], b: ['h2:1'] });
  expect(window.believe().map(({ service }) => service)).toEqual(['a']);
  expect([held('a'), window.held, window.size]).toMatchObject([[], { services: 0, instances: 0 }, 0]);
  // The loss of a no longer counts: 1 of 2 is missing now, and 2 are not large.
  say(120, { b: [] });
  expect([held('b'), window.believe()]).toEqual([[], []]);
});
