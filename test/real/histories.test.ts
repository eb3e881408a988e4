import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { violationsIn } from '../histories/checker/check.js';
import { recordHistory } from '../histories/run.js';

const PLANTED = resolve(import.meta.dirname, '../histories/planted-defects.mjs');
/** Milliseconds: most of the time is the checks'. */
const SHORT = { hold: [1_000, 3_000] as const, patience: 180_000 };

test('etcd: faults, and no proxy was shown anything wrong', { timeout: SHORT.patience }, async () => {
  const history = await recordHistory('etcd', {
    seed: 1,
    milliseconds: 20_000,
    hold: SHORT.hold,
  });
  expect(violationsIn(history)).toEqual([]);
  expect(history.faults.length).toBeGreaterThanOrEqual(2);
  expect(history.observations.length).toBeGreaterThan(500);
});

test('a defect of each kind is caught', { timeout: SHORT.patience }, async () => {
  const history = await recordHistory('etcd', {
    seed: 2,
    milliseconds: 1,
    hold: [1_000, 1_001],
    only: 'relay cut off',
    env: { NODE_OPTIONS: `--import ${PLANTED}` },
  });
  const violations = violationsIn(history);
  const kindsOf = (service: string) =>
    new Set(violations.filter((violation) => violation.service === service).map(({ kind }) => kind));
  expect(kindsOf('S1')).toContain('invented');
  expect(kindsOf('S2')).toContain('back');
  expect(kindsOf('S5')).toEqual(new Set(['behind']));
  expect(kindsOf('S6')).toContain('missing');
  const defective = ['S1', 'S2', 'S5', 'S6'];
  expect(violations.filter(({ service }) => !defective.includes(service))).toEqual([]);
});
