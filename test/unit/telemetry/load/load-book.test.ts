import { beforeEach, describe, expect, test } from 'vitest';
import { LoadBook } from '../../../../src/telemetry/load/load-book.js';
import { ratesOf } from '../../../../src/telemetry/load/load-rates.js';
import { clusterLoad, endpointLoad } from '../../../support/load.js';

let seconds = 0;
let served: Map<string, ReadonlySet<string> | undefined>;
let book: LoadBook;
beforeEach(() => {
  seconds = 1_000_000;
  served = new Map([
    ['web', new Set(['10.0.0.1:80', '10.0.0.2:80'])],
    ['dns', undefined],
  ]);
  book = newBook([]);
});

function newBook(metrics: readonly string[]): LoadBook {
  const subject = {
    knows: (name: string) => served.has(name),
    addresses: (name: string) => served.get(name),
  };
  return new LoadBook(subject, metrics, () => seconds * 1_000);
}

const totals = (name: string) =>
  Object.fromEntries(
    [...(book.service(name)?.instances ?? [])].map(([address, window]) => {
      const { successes, errors } = window.total();
      return [address, [successes, errors]];
    }),
  );

/** Reports every 10 s of so many requests a report. */
function report(count: number, load: Parameters<typeof clusterLoad>[1]): void {
  for (let each = 0; each < count; each += 1) {
    book.take([clusterLoad('web', load)]);
    seconds += 10;
  }
}

test('sums by service and instance, over proxies and intervals', () => {
  const endpoints = [
    endpointLoad('10.0.0.1:80', { successes: 3 }),
    endpointLoad('10.0.0.2:80', { successes: 1, errors: 2 }),
  ];
  book.take([clusterLoad('web', { successes: 4, errors: 2, dropped: 1, endpoints })]);
  seconds += 1;
  book.take([clusterLoad('web', { successes: 4, errors: 2, endpoints })]);
  expect(book.service('web')?.window.total()).toMatchObject({ successes: 8, errors: 4, dropped: 1 });
  expect(book.service('web')?.lastReport).toBe(1_000_001_000);
  expect(totals('web')).toEqual({ '10.0.0.1:80': [6, 0], '10.0.0.2:80': [2, 4] });
  expect(book.totals).toEqual({ successes: 8, errors: 4, dropped: 1 });
});

describe('what is kept', () => {
  test('no service and no instance that is not served', () => {
    const load = { successes: 1, endpoints: [endpointLoad('6.6.6.6:6', { successes: 1 })] };
    book.take([clusterLoad('xds', load), clusterLoad('__proto__', load), clusterLoad('web', load)]);
    expect([...book.services()].map(({ name }) => name)).toEqual(['web']);
    expect(totals('web')).toEqual({});
    expect(book.ignored).toBe(1);
    expect(book.totals.successes).toBe(1);
  });

  test('a service that is gone is forgotten; what it served stays in the sum of all', () => {
    report(1, { successes: 1 });
    served.delete('web');
    expect([...book.services()]).toEqual([]);
    expect(book.totals.successes).toBe(1);
  });

  test('an instance that is gone is forgotten', () => {
    const endpoints = ['10.0.0.1:80', '10.0.0.2:80'].map((address) => endpointLoad(address, { errors: 1 }));
    report(1, { errors: 2, endpoints });
    served.set('web', new Set(['10.0.0.2:80']));
    expect(totals('web')).toEqual({ '10.0.0.2:80': [0, 1] });
  });

  test('where only proxies know the addresses: some of them, for as long as they have traffic', () => {
    const endpoints = Array.from({ length: 100 }, (_, index) => endpointLoad(`10.0.0.${index}:80`));
    book.take([clusterLoad('dns', { endpoints })]);
    expect(book.service('dns')?.instances.size).toBe(64);
    expect(book.ignored).toBe(36);
    seconds += 300;
    book.take([clusterLoad('dns', { endpoints: endpoints.slice(0, 1) })]);
    expect(book.service('dns')?.instances.size).toBe(64);
    seconds += 10;
    expect([...(book.service('dns')?.instances.keys() ?? [])]).toEqual(['10.0.0.0:80']);
  });

  test('no more instances over all services than there is room for', () => {
    const addresses = Array.from({ length: 20_100 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
    served.set('big', new Set(addresses));
    book.take([clusterLoad('big', { endpoints: addresses.map((address) => endpointLoad(address)) })]);
    expect(book.service('big')?.instances.size).toBe(20_000);
    served.delete('big');
    report(1, { endpoints: [endpointLoad('10.0.0.1:80')] });
    seconds += 10;
    report(1, { endpoints: [endpointLoad('10.0.0.1:80')] });
    expect(book.service('web')?.instances.size).toBe(1);
  });
});

describe('rates', () => {
  const rates = (window: number) => {
    const service = book.service('web');
    return service === undefined ? undefined : ratesOf(service.window, window, book);
  };

  test('of the last minute and the last five, steady under steady traffic', () => {
    book.take([clusterLoad('web')]);
    expect(rates(60)).toBeNull();
    report(1, { successes: 30, errors: 10, dropped: 5 });
    expect(rates(60)).toMatchObject({ requests_per_second: 4, error_share: 0.25 });
    report(36, { successes: 30, errors: 10, dropped: 5 });
    const steady = {
      requests_per_second: 4,
      errors_per_second: 1,
      dropped_per_second: 0.5,
      error_share: 0.25,
    };
    expect(rates(60)).toMatchObject(steady);
    expect(rates(300)).toMatchObject(steady);
    report(6, { successes: 0 });
    expect(rates(60)).toMatchObject({ requests_per_second: 0, error_share: null });
    expect(rates(300)).toMatchObject({ requests_per_second: 3.2, error_share: 0.25 });
  });

  test('an estimate of the latency, once enough was seen under way', () => {
    seconds += 8;
    book = newBook([]);
    report(1, { successes: 20, inProgress: 4 });
    seconds -= 8;
    // Two seconds at the end of a bucket are too few.
    expect(rates(60)).toBeNull();
    report(1, { successes: 100, inProgress: 4 });
    expect(rates(60)).toMatchObject({ requests_per_second: 10 });
    expect(rates(60)).toMatchObject({ latency_ms: null });
    report(6, { successes: 100, inProgress: 4 });
    // Four at a time and ten a second: 0.4 s each.
    expect(rates(60)).toMatchObject({ in_progress: 4, latency_ms: 400 });
  });

  test('the mean of what instances say of themselves', () => {
    book = newBook(['cpu_utilization', 'named_metrics.latency_ms']);
    report(7, { metrics: new Map([['named_metrics.latency_ms', { requests: 4, sum: 170 }]]) });
    expect(rates(60)?.metrics).toEqual({ 'named_metrics.latency_ms': 42.5 });
    book.keepMetrics(['cpu_utilization', 'named_metrics.latency_ms']);
    expect(rates(60)?.metrics).toEqual({ 'named_metrics.latency_ms': 42.5 });
    book.keepMetrics(['cpu_utilization']);
    expect(rates(60)).toBeUndefined();
    report(7, { metrics: new Map([['cpu_utilization', { requests: 4, sum: 2 }]]) });
    expect(rates(60)?.metrics).toEqual({ cpu_utilization: 0.5 });
  });
});
