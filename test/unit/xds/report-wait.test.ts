import { expect, test } from 'vitest';
import type { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { atOnce, type Steps } from '../../../src/snapshot/steps.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { losesClaimed } from '../../../src/xds/claims.js';
import { onDeltaRequest } from '../../../src/xds/delta.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { ReportWait } from '../../../src/xds/report-wait.js';
import { onSotwRequest } from '../../../src/xds/sotw.js';
import { resource, type Short } from './machine.js';

function* report(loses: boolean): Steps<boolean> {
  yield;
  return loses;
}

function waiting(taken?: () => Promise<void>) {
  const events: string[] = [];
  const wait = new ReportWait(
    taken,
    () => events.push('decided'),
    () => events.push('resume'),
  );
  return { wait, events };
}

test('nothing is sent until a report has been told in all its pieces', () => {
  const { wait, events } = waiting();
  const work = wait.during(report(true));
  work.next();
  expect(wait.waits).toBe(true);
  expect(work.next().done).toBe(true);
  expect(wait.waits).toBe(false);
  expect(events).toEqual(['decided']);
});

test('an answer that would take something from the proxy waits for the process that decides', async () => {
  let decide: () => void = () => {};
  const { wait, events } = waiting(() => new Promise((resolve) => (decide = resolve)));
  atOnce(wait.during(report(false)));
  expect([wait.waits, ...events.splice(0)]).toEqual([false, 'decided']);
  atOnce(wait.during(report(true)));
  expect([wait.waits, ...events]).toEqual([true]);
  decide();
  await expect.poll(() => events).toEqual(['decided', 'resume']);
  expect(wait.waits).toBe(false);
});

test('where that process cannot be asked, the proxy is answered', async () => {
  const { wait, events } = waiting(() => Promise.reject(new Error('gone')));
  atOnce(wait.during(report(true)));
  await expect.poll(() => events).toEqual(['decided', 'resume']);
});

const TYPES: Readonly<Partial<Record<Short, string>>> = {
  CDS: TYPE_URL.cluster,
  EDS: TYPE_URL.endpoints,
};

/** @param older a version that the proxy says it has, in place of the current one */
function loses(
  variant: 'sotw' | 'delta',
  short: 'CDS' | 'EDS',
  claims: readonly string[],
  set: ResourceSet,
  older?: string,
) {
  const table = new NameTable();
  const names = table.of(short === 'EDS' ? claims : []);
  const common = { typeUrl: TYPES[short] ?? '', nonce: '', error: undefined };
  if (variant === 'sotw') {
    const request = { ...common, names, versionInfo: claims.join() };
    return atOnce(losesClaimed({ variant, request }, onSotwRequest(undefined, request, set, table), set));
  }
  const known = new Map(claims.map((name) => [name, older ?? set.get(name)?.version ?? 'another']));
  const request = { ...common, subscribe: names, unsubscribe: table.of([]), known };
  return atOnce(losesClaimed({ variant, request }, onDeltaRequest(undefined, request, set, table), set));
}

test('which answers take something from a proxy', () => {
  const clusters = Snapshot.of(['CDS a=1', 'CDS b=1'].map(resource)).set(TYPE_URL.cluster);
  const none = Snapshot.EMPTY.set(TYPE_URL.endpoints);
  expect(loses('delta', 'CDS', ['a', 'b'], clusters)).toBe(false);
  expect(loses('delta', 'CDS', ['a'], clusters)).toBe(false);
  expect(loses('delta', 'CDS', ['a', 'gone'], clusters)).toBe(true);
  expect(loses('delta', 'CDS', ['a'], clusters, 'older')).toBe(false);
  expect(loses('delta', 'EDS', ['gone'], none)).toBe(true);
  expect(loses('delta', 'CDS', [], clusters)).toBe(false);
  // A whole that is not the server's may have anything in it; load assignments cannot be told to go.
  expect(loses('sotw', 'CDS', ['another'], clusters)).toBe(true);
  expect(loses('sotw', 'CDS', [clusters.version], clusters)).toBe(false);
  expect(loses('sotw', 'CDS', [], clusters)).toBe(false);
  expect(loses('sotw', 'EDS', ['gone'], none)).toBe(false);
});
