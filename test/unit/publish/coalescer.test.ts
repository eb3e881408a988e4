import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Coalescer } from '../../../src/publish/coalescer.js';

let flushes: number[];
let life: AbortController;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  flushes = [];
  life = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
});

const create = (delay = 10, maxDelay = 80) =>
  new Coalescer(() => flushes.push(Date.now()), delay, maxDelay, life.signal);
/** Requests at every millisecond for so long. */
function flood(coalescer: Coalescer, milliseconds: number): void {
  for (let i = 0; i < milliseconds; i += 1) {
    coalescer.request();
    vi.advanceTimersByTime(1);
  }
}

test('the first request is done at once, those after it together after the delay', () => {
  const coalescer = create();
  coalescer.request();
  expect(flushes).toEqual([0]);
  coalescer.request();
  coalescer.request();
  vi.advanceTimersByTime(9);
  expect(flushes).toEqual([0]);
  vi.advanceTimersByTime(1);
  expect(flushes).toEqual([0, 10]);
  vi.advanceTimersByTime(1_000);
  expect(flushes).toEqual([0, 10]);
  coalescer.request();
  expect(flushes).toEqual([0, 10, 1_010]);
});

test('under a flood the wait doubles up to its bound', () => {
  flood(create(), 500);
  const waits = flushes.slice(1).map((at, index) => at - (flushes[index] ?? 0));
  expect(waits).toEqual([10, 20, 40, 80, 80, 80, 80, 80]);
});

test('changes in a row, each upon seeing the one before, are not held up more and more', () => {
  let left = 20;
  const chained = new Coalescer(
    () => {
      flushes.push(Date.now());
      if (left-- > 0) setTimeout(() => chained.request(), 1);
    },
    10,
    80,
    life.signal,
  );
  chained.request();
  vi.advanceTimersByTime(1_000);
  expect(flushes).toHaveLength(21);
  expect(flushes.at(-1)).toBe(200);
});

test('after the flood the wait goes back', () => {
  const coalescer = create();
  flood(coalescer, 200);
  vi.advanceTimersByTime(200);
  flushes = [];
  for (let i = 0; i < 6; i += 1) {
    coalescer.request();
    vi.advanceTimersByTime(100);
  }
  const from = Date.now();
  coalescer.request();
  coalescer.request();
  vi.advanceTimersByTime(100);
  expect(flushes.slice(-2)).toEqual([from, from + 10]);
});

test('a delay of 0 widens too', () => {
  const coalescer = create(0, 8);
  for (let i = 0; i < 100; i += 1) {
    for (let j = 0; j < 5; j += 1) coalescer.request();
    vi.advanceTimersByTime(1);
  }
  const [before = 0, last = 0] = flushes.slice(-2);
  expect(last - before).toBe(8);
});

test('after the abort nothing is done, neither what waits nor what comes', () => {
  const coalescer = create();
  coalescer.request();
  coalescer.request();
  life.abort();
  coalescer.request();
  vi.advanceTimersByTime(1_000);
  coalescer.request();
  expect(flushes).toEqual([0]);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is requested while flushing is not lost', () => {
  let again = true;
  const coalescer = new Coalescer(
    () => {
      flushes.push(Date.now());
      if (again) coalescer.request();
      again = false;
    },
    10,
    80,
    life.signal,
  );
  coalescer.request();
  vi.advanceTimersByTime(100);
  expect(flushes).toEqual([0, 10]);
});
