import { beforeEach, describe, expect, test } from 'vitest';
import type { ResourceVersion } from '../../../src/release/accepted.js';
import { OwnTroubles } from '../../../src/release/own-troubles.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

const { cluster, endpoints } = TYPE_URL;
let time: number;
let troubles: OwnTroubles;
beforeEach(() => {
  time = 100;
  troubles = new OwnTroubles({ share: 0.2, large: 10 }, () => time);
});

/** Versions `PREFIX0`, `PREFIX1` … */
const versions = (prefix: string, count: number, typeUrl: string = cluster): readonly ResourceVersion[] =>
  Array.from({ length: count }, (_, n) => ({ typeUrl, name: `${prefix}${n}`, version: 'v' }));
/** Whether it is known that the proxy of this name rejects versions of the same name. */
const isKnown = (node: string, typeUrl: string = cluster) =>
  versions(node, 1, typeUrl).some((version) => troubles.isShared('another', version));
const rejects = (node: string, count: number, typeUrl?: string) =>
  troubles.rejects(node, versions(node, count, typeUrl));

describe('what a proxy rejects', () => {
  test('is remembered by version, until it accepts something of the type', () => {
    rejects('a', 2);
    rejects('a', 1, endpoints);
    const [version] = versions('a', 1);
    if (version === undefined) throw new Error('no version');
    expect(troubles.isShared('a', version)).toBe(false);
    expect(troubles.isShared('b', version)).toBe(true);
    expect(troubles.isShared('b', { ...version, version: 'w' })).toBe(false);
    troubles.settled('a', cluster);
    expect([isKnown('a'), isKnown('a', endpoints)]).toEqual([false, true]);
    troubles.settled('unknown', cluster);
  });

  test('is forgotten of the proxy that rejected longest ago, where there are more than a thousand', () => {
    for (let n = 0; n < 1_000; n += 1) rejects(`n${n}`, 1);
    rejects('n0', 1);
    expect([isKnown('n0'), isKnown('n1')]).toEqual([true, true]);
    rejects('one more', 1);
    expect([isKnown('n0'), isKnown('n1'), isKnown('n2')]).toEqual([true, false, true]);
  });

  test('takes no place once it is settled', () => {
    rejects('a', 1);
    for (let n = 0; n < 1_000; n += 1) {
      rejects(`n${n}`, 1);
      troubles.settled(`n${n}`, cluster);
    }
    expect(isKnown('a')).toBe(true);
  });

  test('is bounded over all proxies', () => {
    rejects('a', 60_000);
    for (const _ of ['once', 'again']) rejects('b', 40_000);
    expect([isKnown('a'), isKnown('b')]).toEqual([true, true]);
    rejects('c', 1);
    expect([isKnown('a'), isKnown('b'), isKnown('c')]).toEqual([false, true, true]);
    rejects('d', 59_999);
    expect([isKnown('b'), isKnown('d')]).toEqual([true, true]);
    rejects('e', 100_001);
    expect(['b', 'c', 'd', 'e'].map((node) => isKnown(node))).toEqual([false, false, false, true]);
  });

  test('gives its room back as it is settled', () => {
    rejects('a', 50_000);
    rejects('a', 40_000, endpoints);
    troubles.settled('a', cluster);
    rejects('b', 60_000);
    expect([isKnown('a', endpoints), isKnown('b')]).toEqual([true, true]);
    rejects('c', 1);
    expect([isKnown('a', endpoints), isKnown('b'), isKnown('c')]).toEqual([false, true, true]);
    troubles.settled('b', cluster);
    rejects('d', 99_999);
    expect([isKnown('c'), isKnown('d')]).toEqual([true, true]);
  });
});

describe('a proxy rejects too much', () => {
  const all = () => true;

  test.each([
    ['ten of 49', 10, 49, true],
    ['a fifth', 10, 50, false],
    ['more than a fifth', 11, 50, true],
    ['ten of a hundred', 10, 100, false],
    ['nine of nine', 9, 9, false],
  ])('%s', (_title, count, of, expected) => {
    rejects('a', count);
    expect(troubles.tooMuch('a', all, 0, of)).toBe(expected);
    expect(troubles.tooMuch('b', all, count, of)).toBe(expected);
  });

  test('what is no longer wanted does not count', () => {
    rejects('a', 20);
    const wanted = new Set(versions('a', 9).map(({ name }) => name));
    expect(troubles.tooMuch('a', ({ name }) => wanted.has(name), 0, 20)).toBe(false);
  });

  test('one that has rejected nothing does not, however little that takes', () => {
    troubles = new OwnTroubles({ share: 0, large: 1 }, () => time);
    expect(troubles.tooMuch('a', all, 0, 1)).toBe(false);
  });
});

describe('a proxy that is held back', () => {
  const holdBack = (message: string, reason: 'cannot_bind' | 'rejects_too_much' = 'cannot_bind', count = 1) =>
    troubles.holdBack(
      { typeUrl: cluster, group: 'all', node: 'a', message, named: true, suspects: [], unbound: [] },
      reason,
      versions('c', count),
    );

  test('is news once, and again for another reason or in other words', () => {
    expect([holdBack('no'), holdBack('no')]).toEqual([true, false]);
    expect([holdBack('never'), holdBack('never', 'rejects_too_much')]).toEqual([true, true]);
    expect(holdBack('never', 'rejects_too_much')).toBe(false);
  });

  test('is shown with the first of what it rejects, and since when', () => {
    holdBack('no');
    time = 200;
    holdBack('never', 'cannot_bind', 30);
    expect(troubles.heldBack).toEqual([
      {
        ...{ group: 'all', node: 'a', typeUrl: cluster, reason: 'cannot_bind', message: 'never' },
        ...{ since: 100, names: versions('c', 20).map(({ name }) => name) },
      },
    ]);
  });
});
