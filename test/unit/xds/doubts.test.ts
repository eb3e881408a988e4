import { beforeEach, describe, expect, test } from 'vitest';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Doubts } from '../../../src/xds/doubts.js';
import { NameTable } from '../../../src/xds/name-set.js';
import type { Response } from '../../../src/xds/response.js';
import { newTypeState, type Outstanding, type TypeState } from '../../../src/xds/type-state.js';
import { aResource } from '../../support/resources.js';

const { cluster, listener } = TYPE_URL;
const MINUTE = 60_000;
const table = new NameTable();
let time: number;
let told: string[];
let doubts: Doubts;
beforeEach(() => {
  [time, told] = [0, []];
  start();
});

function start(most?: number): void {
  doubts = new Doubts(
    table,
    () => time,
    most,
    (node) => told.push(node),
  );
}

const state = (fields: Partial<TypeState>, typeUrl: string = listener): TypeState => ({
  ...newTypeState(typeUrl),
  ...fields,
});
const doubtful = (...names: readonly string[]) => state({ doubtful: table.of(names) });
const remember = (node: string, ...types: readonly TypeState[]) => doubts.remember(node, types);
const of = (node: string, typeUrl: string = listener) =>
  doubts.isWhole(node, typeUrl) ? 'all' : [...doubts.of(node, typeUrl)].sort().join(' ');
/** A response that is under way, of this many bytes. */
function underWay(names: readonly string[], removed: readonly string[], weight = 0): Outstanding {
  const resources = names.map((name) => aResource(name, '', { typeUrl: listener }));
  const response: Response = {
    ...{ typeUrl: listener, version: '1', resources, changed: resources, removed, weight },
  };
  return { nonce: '1', response, held: ResourceSet.EMPTY };
}
const rejected = (name: string): TypeState['rejected'] => new Map([[name, { version: '1', message: 'no' }]]);

describe('in doubt is', () => {
  test('what a rejection has left, what was rejected, and what is under way', () => {
    remember(
      'n',
      state({
        ...{ doubtful: table.of(['left']), rejected: rejected('refused') },
        outstanding: [underWay(['sent'], ['gone']), underWay(['later'], [])],
      }),
    );
    expect(of('n')).toBe('gone later left refused sent');
    expect([of('n', cluster), of('other')]).toEqual(['', '']);
  });

  test('what is owed, on a stream on which something was sent', () => {
    remember('asked', state({ owed: table.of(['a']) }));
    remember('sent', state({ owed: table.of(['a']), nonce: '1' }));
    expect([of('asked'), of('sent'), told]).toEqual(['', 'a', ['sent']]);
  });

  test('nothing of a stream in good order', () => {
    remember('n', state({ nonce: '1' }), state({}, cluster));
    expect([[...doubts.nodes], told]).toEqual([[], []]);
  });

  test('what several streams of a node have left, type by type', () => {
    remember('n', doubtful('a'), state({ rejected: rejected('c') }, cluster));
    remember('n', doubtful('b'), state({ nonce: '1' }, cluster));
    expect([of('n'), of('n', cluster), told]).toEqual(['a b', 'c', ['n', 'n']]);
  });
});

describe('a doubt lasts', () => {
  test('for ten minutes', () => {
    remember('n', doubtful('a'));
    time = 10 * MINUTE;
    expect(of('n')).toBe('a');
    time += 1;
    expect([of('n'), [...doubts.told('n')]]).toEqual(['', []]);
    remember('n', doubtful('b'));
    expect(of('n')).toBe('b');
  });

  test('longer where the same is found again, which is news after half of that', () => {
    remember('n', doubtful('a'));
    time = 5 * MINUTE - 1;
    remember('n', doubtful('a'));
    expect(told).toEqual(['n']);
    time = 5 * MINUTE;
    remember('n', doubtful('a'));
    expect(told).toEqual(['n', 'n']);
    time = 15 * MINUTE;
    expect(of('n')).toBe('a');
  });
});

describe('of more names than are remembered the whole type is in doubt', () => {
  const MOST_OF_TYPE = 2 ** 20;
  /** One name; sets count 64 bytes more for each. */
  const long = (bytes: number, letter = 'x') => letter.repeat(bytes - 64);

  test.each([
    ['a mebibyte at once', 0, false],
    ['more at once', 1, true],
  ])('%s', (_title, more, whole) => {
    remember('left', doubtful(long(MOST_OF_TYPE + more)));
    const response = underWay(['a'], [], MOST_OF_TYPE - 100 + more);
    remember('sent', state({ outstanding: [response] }));
    const half = underWay([], [], MOST_OF_TYPE / 2);
    remember('twice', state({ outstanding: [half, underWay(['b'], [], MOST_OF_TYPE / 2 - 100 + more)] }));
    remember('owed', state({ nonce: '1', owed: table.of([long(MOST_OF_TYPE + more)]) }));
    expect(['left', 'sent', 'twice', 'owed'].map((node) => doubts.isWhole(node, listener))).toEqual(
      Array.from({ length: 4 }, () => whole),
    );
    remember('asked', state({ owed: table.of([long(MOST_OF_TYPE + more)]) }));
    expect(of('asked')).toBe('');
  });

  test.each([
    ['a mebibyte in all', 0, false],
    ['more in all', 1, true],
  ])('%s', (_title, more, whole) => {
    remember('n', doubtful(long(MOST_OF_TYPE / 2)));
    remember('n', doubtful(long(MOST_OF_TYPE / 2 + more, 'y')));
    expect(doubts.isWhole('n', listener)).toBe(whole);
  });

  test('a tenth of all that is remembered', () => {
    start(1_000);
    remember('fits', doubtful(long(100)));
    remember('large', doubtful(long(101)));
    expect([doubts.isWhole('fits', listener), doubts.isWhole('large', listener)]).toEqual([false, true]);
  });

  test('and stays so, whatever else is found; other types do not', () => {
    remember(
      'n',
      doubtful('a'),
      doubtful(long(MOST_OF_TYPE + 1)),
      state({ rejected: rejected('c') }, cluster),
    );
    expect([of('n'), doubts.of('n', listener).size, of('n', cluster)]).toEqual(['all', 0, 'c']);
    remember('n', doubtful('b'));
    expect([of('n'), told]).toEqual(['all', ['n']]);
  });
});

describe('all that is remembered', () => {
  /** Bytes: 100 for a node and for each type, their names, and 64 for each name. */
  const ONE = 100 + 2 + 100 + 1 + 64;
  const nodes = Array.from({ length: 10 }, (_, n) => `n${n}`);

  test('is bounded: what was found longest ago is forgotten', () => {
    start(10 * ONE);
    for (const node of nodes) remember(node, doubtful('a'));
    expect([...doubts.nodes]).toEqual(nodes);
    time = 5 * MINUTE;
    for (const _ of ['once', 'again']) remember('n0', doubtful('a'));
    expect([...doubts.nodes]).toEqual([...nodes.slice(1), 'n0']);
    remember('na', doubtful('b'));
    expect([...doubts.nodes]).toEqual([...nodes.slice(2), 'n0', 'na']);
  });

  test('counts a whole type by its name', () => {
    start(10 * ONE);
    const rest = 10 * ONE - (100 + 1 + 100 + listener.length);
    const fit = Math.floor(rest / ONE);
    doubts.learn({ node: 'w', typeUrl: listener, names: 'all' });
    for (const node of nodes.slice(0, fit)) remember(node, doubtful('a'));
    expect([...doubts.nodes]).toEqual(['w', ...nodes.slice(0, fit)]);
    remember(nodes[fit] ?? '', doubtful('a'));
    expect([...doubts.nodes]).toEqual(nodes.slice(0, fit + 1));
  });
});

test('another process is told names up to 64 kibibytes, and beyond that the whole type', () => {
  remember('fits', doubtful('x'.repeat(2 ** 16 - 64)));
  remember('large', doubtful('x'.repeat(2 ** 16 - 63)));
  remember('both', doubtful('a'), state({ rejected: rejected('c') }, cluster));
  doubts.learn({ node: 'both', typeUrl: cluster, names: 'all' });
  expect([...doubts.told('fits')].map(({ names }) => names.length)).toEqual([1]);
  expect([...doubts.told('large')]).toEqual([{ node: 'large', typeUrl: listener, names: 'all' }]);
  expect([...doubts.told('both')]).toEqual([
    { node: 'both', typeUrl: cluster, names: 'all' },
    { node: 'both', typeUrl: listener, names: ['a'] },
  ]);
});

test('a second type that is in doubt as a whole is kept beside the first', () => {
  expect(doubts.learn({ node: 'n', typeUrl: listener, names: 'all' })).toBe(true);
  expect(doubts.learn({ node: 'n', typeUrl: cluster, names: 'all' })).toBe(true);
  expect([of('n', listener), of('n', cluster)]).toEqual(['all', 'all']);
});
