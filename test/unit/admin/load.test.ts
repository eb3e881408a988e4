import { beforeEach, expect, test } from 'vitest';
import { loadDetail, loadList, loadOrder } from '../../../src/admin/load.js';
import { LoadBook } from '../../../src/telemetry/load/load-book.js';
import { clusterLoad, endpointLoad } from '../../support/load.js';

let seconds = 0;
let book: LoadBook;
beforeEach(() => {
  seconds = 1_000_000;
  book = new LoadBook({ knows: () => true, addresses: () => undefined }, [], () => seconds * 1_000);
  book.take([
    clusterLoad('bad', { successes: 1, errors: 1 }),
    clusterLoad('busy', { successes: 100, inProgress: 20 }),
    clusterLoad('slow', { successes: 10, inProgress: 20 }),
    clusterLoad('calm', { successes: 10 }),
    clusterLoad('idle', { dropped: 1 }),
  ]);
});

const names = (order: 'errors' | 'requests' | 'latency', part = '') =>
  loadList(book, order, part).services.map(({ service }) => service);

test.each([0, 10])(
  'sorted by what is asked for, the busier first where that is equal: after %d s',
  (wait) => {
    seconds += wait;
    expect(names('errors')).toEqual(['bad', 'busy', 'calm', 'slow', 'idle']);
    expect(names('requests')).toEqual(['busy', 'calm', 'slow', 'bad', 'idle']);
    expect(names('requests', 'l')).toEqual(['calm', 'slow', 'idle']);
  },
);

test('the slowest first, once there are rates', () => {
  seconds += 10;
  expect(names('latency').slice(0, 2)).toEqual(['slow', 'busy']);
});

test('a service with its instances', () => {
  const endpoints = [endpointLoad('a:1', { successes: 5 }), endpointLoad('b:1', { successes: 5, errors: 5 })];
  book.take([clusterLoad('web', { successes: 10, errors: 5, endpoints })]);
  seconds += 10;
  expect(loadDetail(book, 'errors', 'web')).toMatchObject({
    service: 'web',
    last_report: '1970-01-12T13:46:40.000Z',
    total: { requests: 15, errors: 5, dropped: 0 },
    last_1m: { requests_per_second: 1.5, error_share: 0.333 },
    instances: [
      { address: 'b:1', last_1m: { error_share: 0.5 }, total: { requests: 10, errors: 5 } },
      { address: 'a:1', last_5m: { error_share: 0 } },
    ],
  });
  expect(loadDetail(book, 'errors', 'nobody')).toBeUndefined();
});

test('orders are those that there are', () => {
  expect(['errors', 'requests', 'latency', 'toString', ''].map(loadOrder)).toEqual([
    'errors',
    'requests',
    'latency',
    undefined,
    undefined,
  ]);
});
