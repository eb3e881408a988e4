import { beforeEach, describe, expect, test } from 'vitest';
import { type Instead, Quarantine, type Rejected } from '../../../src/release/quarantine.js';
import type { Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

const { cluster, endpoints } = TYPE_URL;
/** Clusters; two of a name differ by their content. All of one content have one version. */
const the = (name: string, content = '2', typeUrl: string = cluster): Resource => ({
  ...aResource(name, content, { typeUrl }),
  version: content,
});
const some = (...names: readonly string[]) => names.map((name) => the(name));

let wanted: readonly Resource[];
let instead: (name: string) => Instead;
let waiting: (() => void)[];
let time: number;
let quarantine: Quarantine;
beforeEach(() => {
  [wanted, waiting, time] = [some('a', 'b', 'c', 'd'), [], 100];
  instead = (name) => the(name, '1');
  quarantine = new Quarantine(
    ({ name }) => instead(name),
    (task) => waiting.push(task),
    () => time,
  );
});

const reject = (suspects: readonly Resource[], more: Partial<Rejected> = {}) =>
  quarantine.rejected({
    ...{ typeUrl: suspects[0]?.typeUrl ?? cluster, message: 'no', group: 'all', node: 'n' },
    ...{ named: false, unbound: [], suspects },
    ...more,
  });
/** The proxies have taken what is served instead. */
function settle(): void {
  for (const task of waiting.splice(0)) task();
}
/** What is served as wanted, and what by another version. */
function served(): string {
  const changes = quarantine.substitutes(Snapshot.of(wanted));
  return wanted
    .map(({ typeUrl, name }) => {
      const ofType = changes.get(typeUrl);
      const left = ofType?.get(name) === undefined ? '-' : name;
      return ofType?.has(name) === true ? left : name.toUpperCase();
    })
    .join('');
}
const states = () => quarantine.entries.map(({ name, state }) => `${name} ${state}`).sort();

describe('a rejection without a word', () => {
  test('holds everything back, then tries the first half', () => {
    expect(reject(wanted)).toBe(true);
    expect([served(), states()]).toEqual(['abcd', ['a', 'b', 'c', 'd'].map((name) => `${name} suspected`)]);
    settle();
    expect(served()).toBe('ABcd');
  });

  test('of others, that comes before the trial, tells nothing of the trial', () => {
    reject(wanted);
    expect(reject(wanted, { node: 'm' })).toBe(false);
    settle();
    expect(served()).toBe('ABcd');
  });

  test('of something else does not end the search', () => {
    wanted = [...wanted, ...some('e', 'f')];
    reject(wanted.slice(0, 4));
    expect(reject(some('e', 'f'))).toBe(false);
    settle();
    expect(served()).toBe('ABcdEF');
    expect(reject(some('e', 'f'))).toBe(false);
    expect(served()).toBe('ABcdEF');
  });

  test('of the half on trial halves it; the rest waits', () => {
    reject(wanted);
    settle();
    expect(reject(some('a', 'b'))).toBe(true);
    expect(served()).toBe('abcd');
    expect(states()).toEqual(['a', 'b', 'c', 'd'].map((name) => `${name} suspected`));
    settle();
    expect(served()).toBe('Abcd');
    expect(reject(some('a'))).toBe(true);
    expect(states()).toEqual(['a rejected', 'b suspected', 'c suspected', 'd suspected']);
    settle();
    expect(served()).toBe('aBcd');
  });

  test('of an earlier version of what is on trial tells nothing of it', () => {
    reject(wanted);
    settle();
    expect(reject([the('a', '1'), the('b', '1')])).toBe(false);
    expect(served()).toBe('ABcd');
  });

  test('of one resource needs no search', () => {
    expect(reject(some('a'))).toBe(true);
    expect([served(), states(), waiting.length]).toEqual(['aBCD', ['a rejected'], 0]);
  });

  test('of nothing that is wanted changes nothing', () => {
    expect([reject([]), reject([], { named: true })]).toEqual([false, false]);
    expect([states(), waiting.length]).toEqual([[], 0]);
  });

  test('can come again when the search before is over', () => {
    reject(some('a', 'b'));
    settle();
    for (const resource of some('a', 'b')) quarantine.accepted(resource);
    expect([served(), states()]).toEqual(['ABCD', []]);
    expect(reject(some('c', 'd'))).toBe(true);
    settle();
    expect(served()).toBe('ABCd');
  });

  test('that was searched for to the end is waited for no more', () => {
    reject(some('a', 'b'));
    settle();
    reject(some('a'));
    settle();
    reject(some('b'));
    expect([served(), states(), waiting.length]).toEqual(['abCD', ['a rejected', 'b rejected'], 0]);
  });

  test('is found out about types side by side', () => {
    wanted = [...wanted, the('e', '2', endpoints), the('f', '2', endpoints)];
    reject(some('a', 'b'));
    reject([the('e', '2', endpoints), the('f', '2', endpoints)]);
    settle();
    expect(served()).toBe('AbCDEf');
  });
});

describe('a rejection that names what it rejects', () => {
  test('of one of several on trial: the others are tried as a whole', () => {
    reject(wanted);
    settle();
    expect(reject(some('a'), { named: true })).toBe(true);
    expect([served(), states()]).toEqual([
      'abcd',
      ['a rejected', 'b suspected', 'c suspected', 'd suspected'],
    ]);
    settle();
    expect(served()).toBe('aBcd');
  });

  test('of all but two on trial: these are tried together', () => {
    wanted = some('a', 'b', 'c', 'd', 'e', 'f');
    reject(wanted);
    settle();
    expect(served()).toBe('ABCdef');
    reject(some('a'), { named: true });
    settle();
    expect(served()).toBe('aBCdef');
  });

  test('of what is not on trial does not disturb the trial', () => {
    wanted = [...wanted, ...some('e')];
    reject(wanted.slice(0, 4));
    settle();
    expect(reject(some('e'), { named: true })).toBe(true);
    expect([served(), waiting.length]).toEqual(['ABcde', 0]);
  });
});

describe('an acceptance', () => {
  test('releases what is held back at that version, and tells whether something else is to be served', () => {
    reject(some('a'), { named: true });
    expect([quarantine.accepted(the('a', '1')), quarantine.accepted(the('b'))]).toEqual([false, false]);
    expect(quarantine.accepted(the('a'))).toBe(true);
    expect([served(), states()]).toEqual(['ABCD', []]);
  });

  test('of a part of what is on trial changes nothing yet; of the last of it the next half is tried', () => {
    reject(wanted);
    settle();
    expect(quarantine.accepted(the('a'))).toBe(false);
    expect(served()).toBe('ABcd');
    expect(quarantine.accepted(the('b'))).toBe(true);
    expect(served()).toBe('ABCD');
  });

  test('of what waits for its trial frees it', () => {
    reject(wanted);
    settle();
    expect(quarantine.accepted(the('d'))).toBe(true);
    expect(served()).toBe('ABcD');
  });

  test('is what a release of many comes to', () => {
    reject(some('a', 'b'), { named: true });
    expect(quarantine.release([])).toBe(false);
    expect(quarantine.release(some('a', 'c'))).toBe(true);
    expect([quarantine.release(some('a', 'c')), served()]).toEqual([false, 'AbCD']);
  });
});

describe('what is held back', () => {
  test('is released when its source changes it, or removes it, also while it waits for its trial', () => {
    reject(wanted);
    wanted = [the('a', '3'), the('b', '3')];
    expect(served()).toBe('AB');
    expect(states()).toEqual([]);
    settle();
    reject(wanted);
    settle();
    expect(served()).toBe('Ab');
  });

  test('is left out where there is nothing to serve in its place, and stays where proxies may have it', () => {
    instead = (name) => (name === 'a' ? 'nothing' : 'itself');
    reject(some('a', 'b'), { named: true });
    expect(served()).toBe('-BCD');
    expect(quarantine.entries.map(({ state, served }) => [state, served])).toEqual([
      ['rejected', undefined],
      ['kept', '2'],
    ]);
  });

  test('together with what stays is kept and not tried, whatever else is said without a word', () => {
    instead = (name) => (name === 'a' ? 'itself' : the(name, '1'));
    for (const _ of ['once', 'again', 'and again']) {
      expect(reject(some('a', 'b'))).toBe(true);
      settle();
      expect([served(), states()]).toEqual(['ABCD', ['a kept', 'b kept']]);
    }
  });

  test('is known by the proxy that rejected it last, and since when', () => {
    reject(some('a', 'b'), { named: true });
    time = 200;
    reject(some('b'), { named: true, node: 'm', message: 'never' });
    expect(quarantine.entries.map(({ name, node, message, since }) => [name, node, message, since])).toEqual([
      ['a', 'n', 'no', 100],
      ['b', 'm', 'never', 100],
    ]);
    expect(quarantine.heldFor('m').map(({ name }) => name)).toEqual(['b']);
    expect([quarantine.holds(the('b', '1')), quarantine.holds(the('c'))]).toEqual([true, false]);
  });
});
