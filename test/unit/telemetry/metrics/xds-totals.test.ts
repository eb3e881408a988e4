import { expect, test } from 'vitest';
import { addedTotals, NO_TOTALS } from '../../../../src/telemetry/metrics/xds-totals.js';

test('what several processes have counted adds up, type by type', () => {
  const counts = { responses: 1, bytes: 20, acks: 3, nacks: 4 };
  const statuses = { SYNCED: 1, STALE: 2, NOT_SENT: 3, ERROR: 4, UNKNOWN: 5 };
  const one = { worker: 1, residentBytes: 1e6, cpuSeconds: 1, lagSeconds: 0.01 };
  const two = { ...one, worker: 2 };
  const a = {
    streams: { sotw: 1, delta: 2 },
    statuses: [['CDS', statuses]],
    types: [
      ['CDS', counts],
      ['EDS', counts],
    ],
    loadStreams: 1,
    loadReports: 5,
    loadClustersIgnored: 3,
    rejections: 1,
    heldBytes: 10,
    refusals: 3,
    workers: [one],
  } as const;
  const b = {
    ...NO_TOTALS,
    statuses: [
      ['CDS', statuses],
      ['other', statuses],
    ],
    types: [['CDS', { ...counts, nacks: 0 }]],
    loadReports: 2,
    loadClustersIgnored: 1,
    rejections: 3,
    heldBytes: 1,
    refusals: 4,
    workers: [two],
  } as const;
  expect(addedTotals(a, b)).toEqual({
    streams: { sotw: 1, delta: 2 },
    statuses: [
      ['CDS', { SYNCED: 2, STALE: 4, NOT_SENT: 6, ERROR: 8, UNKNOWN: 10 }],
      ['other', statuses],
    ],
    types: [
      ['CDS', { responses: 2, bytes: 40, acks: 6, nacks: 4 }],
      ['EDS', counts],
    ],
    loadStreams: 1,
    loadReports: 7,
    loadClustersIgnored: 4,
    rejections: 4,
    heldBytes: 11,
    refusals: 7,
    workers: [one, two],
  });
  expect(addedTotals(NO_TOTALS, a)).toEqual(a);
});
