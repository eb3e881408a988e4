import { expect, test } from 'vitest';
import { addressOf } from '../../../src/model/instance.js';
import { Leaving } from '../../../src/publish/leaving.js';
import { instanceAt } from '../../support/instances.js';

const some = (...addresses: readonly string[]) => addresses.map((address) => instanceAt(address));

test('who goes is leaving for the time, and then due', () => {
  const leaving = new Leaving();
  const update = (now: number, ...addresses: readonly string[]) =>
    leaving.update('web', some(...addresses), 100, now).map(addressOf);
  expect(update(0, 'a:1', 'b:1', 'c:1')).toEqual([]);
  expect(leaving.next()).toBeUndefined();
  expect(update(10, 'a:1', 'c:1')).toEqual(['b:1']);
  expect(update(50, 'a:1')).toEqual(['b:1', 'c:1']);
  expect(leaving.next()).toBe(110);
  expect(leaving.due(109)).toEqual([]);
  expect(leaving.due(110)).toEqual(['web']);
  expect(update(110, 'a:1')).toEqual(['c:1']);
  expect(leaving.next()).toBe(150);
  expect(update(150, 'a:1')).toEqual([]);
  expect(leaving.next()).toBeUndefined();
});

test('who comes back is no longer leaving, and has the whole time again when it goes again', () => {
  const leaving = new Leaving();
  leaving.update('web', some('a:1', 'b:1'), 100, 0);
  leaving.update('web', some('a:1'), 100, 10);
  expect(leaving.update('web', some('a:1', 'b:1'), 100, 20)).toEqual([]);
  expect(leaving.next()).toBeUndefined();
  leaving.update('web', some('a:1'), 100, 30);
  expect(leaving.next()).toBe(130);
});

test('without a time, or forgotten, nothing is followed', () => {
  const leaving = new Leaving();
  leaving.update('web', some('a:1'), 0, 0);
  expect(leaving.update('web', [], 0, 1)).toEqual([]);
  leaving.update('web', some('a:1'), 100, 2);
  leaving.update('web', [], 100, 3);
  leaving.update('web', [], 0, 4);
  expect(leaving.next()).toBeUndefined();
  leaving.update('web', some('a:1'), 100, 5);
  leaving.update('web', [], 100, 6);
  leaving.forget('web');
  expect(leaving.next()).toBeUndefined();
  expect(leaving.due(1_000)).toEqual([]);
});
