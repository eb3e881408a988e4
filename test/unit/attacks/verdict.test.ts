import { expect, test } from 'vitest';
import { best, passed, table } from '../../attacks/table.js';
import { faultsOf, type Sample, type Trial, together } from '../../attacks/verdict.js';

const sample = (...times: readonly number[]): Sample => ({ times, lost: 0, ends: [] });

const good: Trial = {
  quiet: sample(1, 2),
  attacked: sample(3, 300),
  memory: { before: 100, highest: 300 },
  liveness: { worst: 1_000, failures: 0 },
  ended: undefined,
  lostWorkers: 0,
  outcome: { text: 'refused' },
};

test('a run within all limits has no faults', () => {
  expect(faultsOf(good)).toEqual([]);
});

test.each<[string, Partial<Trial>]>([
  ['the server ended: FATAL', { ended: 'FATAL' }],
  ['1 workers ended', { lostWorkers: 1 }],
  ['2 changes were lost', { quiet: { ...sample(1), lost: 2 } }],
  ["the proxy's stream ended: UNAVAILABLE", { attacked: { ...sample(1), ends: ['UNAVAILABLE', 'again'] } }],
  ['a change took 301 ms', { attacked: sample(1, 301) }],
  ['memory grew by 201 MB', { memory: { before: 100, highest: 301 } }],
  ['/healthz failed', { liveness: { worst: 1, failures: 1 } }],
  ['/healthz took 1001 ms', { liveness: { worst: 1_001, failures: 0 } }],
  ['it was answered', { outcome: { text: '', wrong: 'it was answered' } }],
])('a run fails because %s', (fault, part) => {
  expect(faultsOf({ ...good, ...part })).toEqual([fault]);
});

test('samples are put together in order', () => {
  const other = { times: [2], lost: 1, ends: ['gone'] };
  expect(together(sample(1, 3), other)).toEqual({ times: [1, 2, 3], lost: 1, ends: ['gone'] });
});

test('the better run of a row counts, and the table says that it was the second', () => {
  const bad = { ...good, attacked: sample(1, 5_000) };
  const row = { name: 'flood', trials: [bad, good] };
  expect(passed(row)).toBe(true);
  expect(best(row)).toBe(good);
  expect(table([row])).toContain('| passed in the second run |');
  expect(table([{ name: 'flood', trials: [bad, new Error('no etcd')] }])).toContain(
    '**failed**: a change took 5000 ms',
  );
  expect(passed({ name: 'flood', trials: [new Error('no etcd')] })).toBe(false);
});
