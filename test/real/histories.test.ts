import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { violationsIn } from '../histories/checker/check.js';
import { recordHistory } from '../histories/run.js';

const PLANTED = resolve(import.meta.dirname, '../histories/planted-defects.mjs');
const SEED = Number(process.env.SIGNALBOX_SEED ?? 1);
/** How long a fault lasts, milliseconds. */
const HOLD = [1_000, 3_000] as const;
const PATIENCE = 180_000;

test.each([
  ['etcd', 15_000],
  ['zookeeper', 1],
])(
  '%s: faults, and no proxy is shown anything wrong',
  { timeout: PATIENCE },
  async (registry, milliseconds) => {
    console.log(`seed ${SEED}`);
    const history = await recordHistory(registry, { seed: SEED, milliseconds, hold: HOLD });
    expect(violationsIn(history)).toEqual([]);
    expect(history.faults.length).toBeGreaterThanOrEqual(milliseconds > 1 ? 2 : 1);
    expect(history.observations.length).toBeGreaterThan(200);
  },
);

test('a defect of each kind is caught', { timeout: PATIENCE }, async () => {
  const history = await recordHistory('etcd', {
    seed: SEED,
    milliseconds: 1,
    hold: HOLD,
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
