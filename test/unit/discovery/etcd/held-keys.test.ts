import type { IEvent, IKeyValue } from 'etcd3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldKeys } from '../../../../src/discovery/etcd/held-keys.js';

function entry(key: string, value: string, revision: number): IKeyValue {
  const text = String(revision);
  return {
    key: Buffer.from(`/p/${key}`),
    value: Buffer.from(value),
    mod_revision: text,
    create_revision: text,
    version: '1',
    lease: '0',
  };
}

function event(type: 'Put' | 'Delete', key: string, value: string, revision: number): IEvent {
  return { type, kv: entry(key, value, revision), prev_kv: entry(key, '', 0) };
}

describe('HeldKeys', () => {
  it('tells of a listing only what differs', () => {
    const held = new HeldKeys(3);
    expect(held.replace([entry('a', '1', 2), entry('b', '1', 3)], '9')).toEqual([
      { key: 'a', value: '1', revision: '2' },
      { key: 'b', value: '1', revision: '3' },
    ]);
    expect(held.revision).toBe(9n);
    expect(held.newest?.mod_revision).toBe('3');
    // A restored store: lower, and `a` rewritten with what it was.
    expect(held.replace([entry('a', '1', 1), entry('c', '1', 2)], '2')).toEqual([
      { key: 'c', value: '1', revision: '2' },
      { key: 'b', value: undefined, revision: '2' },
    ]);
    expect(held.revision).toBe(2n);
  });

  it('tells of events in their order what is new', () => {
    const held = new HeldKeys(3);
    held.replace([entry('a', '1', 2)], '2');
    const changes = held.apply([
      event('Put', 'a', '1', 3),
      event('Put', 'a', '2', 4),
      event('Delete', 'a', '', 5),
      event('Delete', 'never', '', 6),
    ]);
    expect(changes.map(({ value, revision }) => [value, revision])).toEqual([
      ['2', '4'],
      [undefined, '5'],
    ]);
    expect(held.revision).toBe(6n);
    expect(held.newest).toBeUndefined();
  });

  it('compares revisions as numbers, never goes back by progress, and finds the newest', () => {
    const held = new HeldKeys(3);
    held.replace([entry('a', '', 9), entry('b', '', 10)], '9007199254740993');
    expect(held.newest?.key.toString()).toBe('/p/b');
    held.reached('9007199254740992');
    expect(held.revision).toBe(9007199254740993n);
    held.reached('9007199254740994');
    expect(held.revision).toBe(9007199254740994n);
  });

  it('holds the same whether it was told by events or by a listing', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const change = fc.tuple(
      fc.constantFrom('Put' as const, 'Delete' as const),
      key,
      fc.constantFrom('1', '2'),
    );
    fc.assert(
      fc.property(fc.array(change), fc.nat(20), (all, split) => {
        const events = all.map(([type, name, value], n) => event(type, name, value, n + 1));
        const store = new Map<string, IKeyValue>();
        for (const { type, kv } of events) {
          if (type === 'Put') store.set(kv.key.toString(), kv);
          else store.delete(kv.key.toString());
        }
        const watched = new HeldKeys(3);
        watched.replace([], '0');
        watched.apply(events);
        const lagging = new HeldKeys(3);
        lagging.replace([], '0');
        const told = new Map(lagging.apply(events.slice(0, split)).map((c) => [c.key, c.value]));
        for (const c of lagging.replace(store.values(), String(events.length))) told.set(c.key, c.value);
        const expected = [...store.values()].map((kv) => [kv.key.toString().slice(3), kv.value.toString()]);
        expect([...told].filter(([, value]) => value !== undefined).sort()).toEqual(expected.sort());
        expect(watched.replace(store.values(), String(events.length))).toEqual([]);
      }),
    );
  });
});
