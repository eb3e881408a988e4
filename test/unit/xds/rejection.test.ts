import { describe, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { withoutClaims } from '../../../src/xds/claims.js';
import { Doubts } from '../../../src/xds/doubts.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { doubting, receive, type StreamRequest } from '../../../src/xds/stream-state.js';
import { Machine } from './machine.js';

const SERVED = ['LDS keep=1', 'LDS http=1', 'EDS a=1', 'EDS b=1', 'EDS c=1'];

function withListeners(): Machine {
  const machine = new Machine('delta', ...SERVED);
  machine.ask('LDS');
  machine.ask('LDS');
  return machine;
}

describe('delta', () => {
  test('a rejection that names what it rejects is followed by the rest, removals included', () => {
    const machine = withListeners();
    expect(machine.publish('LDS keep=2', '-LDS http', 'LDS public=1')).toEqual(['LDS keep=2 public=1 -http']);
    expect(machine.ask('LDS', { error: 'Error adding/updating listener(s) public: cannot bind' })).toEqual([
      'LDS keep=2 -http',
    ]);
    expect(machine.ask('LDS')).toEqual([]);
    expect(machine.publish('LDS public=2')).toEqual(['LDS public=2']);
  });

  test('a rejection that names nothing is followed by silence, and everything comes with the next change', () => {
    const machine = withListeners();
    machine.publish('LDS keep=2', '-LDS http', 'LDS public=1');
    expect(machine.ask('LDS', { error: 'no' })).toEqual([]);
    expect(machine.publish('LDS other=1')).toEqual(['LDS keep=2 other=1 public=1 -http']);
    expect(machine.ask('LDS')).toEqual([]);
    expect(machine.publish('LDS other=2')).toEqual(['LDS other=2']);
  });

  test('back at the state from before the rejection, what it touched is said again', () => {
    const machine = withListeners();
    machine.publish('LDS keep=2', '-LDS http', 'LDS public=1');
    machine.ask('LDS', { error: 'no' });
    expect(machine.publish('LDS keep=1', 'LDS http=1', '-LDS public')).toEqual(['LDS http=1 keep=1 -public']);
  });

  test('a rejection that comes after the next response: once that is accepted, the rest is said again', () => {
    const machine = withListeners();
    machine.publish('LDS keep=2', '-LDS http', 'LDS public=1');
    machine.publish('LDS public=2');
    const [first = '', second = ''] = machine.nonces.slice(-2);
    expect(machine.ask('LDS', { nonce: first, error: 'no' })).toEqual([]);
    expect(machine.ask('LDS', { nonce: second })).toEqual(['LDS keep=2 -http']);
    // It is said once.
    expect(machine.ask('LDS', { error: 'no' })).toEqual([]);
    expect(machine.publish('LDS public=3')).toEqual(['LDS keep=2 public=3 -http']);
    expect(machine.ask('LDS')).toEqual([]);
  });

  test('a proxy that names one resource after another is not answered without end', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const machine = new Machine('delta', ...names.map((name) => `LDS ${name}=1`));
    machine.ask('LDS');
    const answers = names.map((name) => machine.ask('LDS', { error: `${name}: no` }).length);
    expect(answers).toEqual([1, 1, 1, 0, 0, 0, 0]);
  });

  test('names that are asked for no longer are not said again', () => {
    const machine = new Machine('delta', ...SERVED);
    machine.ask('EDS', { names: ['a', 'b'] });
    machine.ask('EDS', { error: 'no' });
    machine.ask('EDS', { unsubscribe: ['a'] });
    expect(machine.publish('EDS b=2')).toEqual(['EDS b=2']);
  });
});

describe('SotW', () => {
  const names = ['a', 'b', 'c'];

  test('load assignments: the rest follows, then nothing', () => {
    const machine = new Machine('sotw', ...SERVED);
    machine.ask('EDS', { names });
    machine.ask('EDS', { names });
    machine.publish('EDS a=2', 'EDS b=2');
    expect(machine.ask('EDS', { names, error: 'b: no' })).toEqual(['EDS a=2']);
    expect(machine.ask('EDS', { names })).toEqual([]);
  });

  test('listeners: after a full state that was sent before the rejection came, what they refer to is said again', () => {
    const machine = new Machine('sotw', 'LDS l=1>RDS r', 'LDS other=1', 'RDS r=1');
    machine.ask('LDS');
    machine.ask('LDS');
    machine.ask('RDS', { names: ['r'] });
    machine.ask('RDS', { names: ['r'] });
    machine.publish('LDS l=2>RDS r', 'LDS other=2');
    machine.publish('LDS other=3');
    const [first = '', second = ''] = machine.nonces
      .filter((nonce) => nonce.slice(-4, -2) === '03')
      .slice(-2);
    machine.ask('LDS', { nonce: first, error: 'no' });
    // Only now has the proxy the new listener, which waits for its routes.
    expect(machine.ask('LDS', { nonce: second })).toEqual(['LDS l=2 other=3', 'RDS r=1']);
    expect(machine.ask('LDS')).toEqual([]);
  });

  test('listeners: the next state says everything, and a rejection alone brings nothing', () => {
    const machine = new Machine('sotw', ...SERVED);
    machine.ask('LDS');
    machine.ask('LDS');
    expect(machine.publish('LDS keep=2', 'LDS public=1')).toEqual(['LDS http=1 keep=2 public=1']);
    expect(machine.ask('LDS', { error: 'public: no' })).toEqual([]);
    expect(machine.publish('LDS public=2')).toEqual(['LDS http=1 keep=2 public=2']);
  });
});

describe('a stream that is lost', () => {
  const table = () => {
    const machine = withListeners();
    return { machine, doubts: new Doubts(machine.shared.table, () => clock, 10_000) };
  };
  let clock = 0;
  const known = { keep: '', http: '' };

  /** The proxy of a machine comes back with these versions. */
  function back(from: Machine, doubts: Doubts, versions: Readonly<Record<string, string>>): string[] {
    const machine = from.another();
    const before = machine.ask('LDS', { known: versions });
    machine.state = doubting(
      machine.state,
      TYPE_URL.listener,
      doubts.of('node', TYPE_URL.listener),
      from.shared.table,
    );
    return [...before, ...machine.pump()];
  }
  const versionsOf = (machine: Machine) => ({
    ...known,
    ...Object.fromEntries(
      [...machine.snapshot.set(TYPE_URL.listener).values()].map(({ name, version }) => [name, version]),
    ),
  });

  test('with a rejection: what it touched is said again, though the versions look right', () => {
    const { machine, doubts } = table();
    const versions = versionsOf(machine);
    machine.publish('-LDS http', 'LDS public=1');
    machine.ask('LDS', { error: 'no' });
    doubts.remember('node', machine.state.types.values());
    machine.snapshot = machine.changed('LDS http=1', '-LDS public');
    expect(back(machine, doubts, versions)).toEqual(['LDS http=1 -public']);
    expect(back(machine, doubts, versions)).toEqual(['LDS http=1 -public']);
    clock += 600_001;
    expect(back(machine, doubts, versions)).toEqual([]);
  });

  test('before an answer: what was sent is said again', () => {
    const { machine, doubts } = table();
    const versions = versionsOf(machine);
    machine.publish('LDS keep=2');
    doubts.remember('node', machine.state.types.values());
    machine.snapshot = machine.changed('LDS keep=1');
    expect(back(machine, doubts, versions)).toEqual(['LDS keep=1']);
  });

  test('before children that were due are sent: they are in doubt', () => {
    const { machine, doubts } = table();
    machine.ask('EDS', { names: ['a'] });
    machine.ask('EDS');
    machine.state = doubting(
      machine.state,
      TYPE_URL.endpoints,
      machine.shared.table.of(['a']),
      machine.shared.table,
    );
    doubts.remember('node', machine.state.types.values());
    expect([...doubts.of('node', TYPE_URL.endpoints)]).toEqual(['a']);
  });

  test('in good order: nothing is said again', () => {
    const { machine, doubts } = table();
    doubts.remember('node', machine.state.types.values());
    expect(back(machine, doubts, versionsOf(machine))).toEqual([]);
  });

  test('with the same rejection again later: it is remembered from then on', () => {
    const { machine, doubts } = table();
    const versions = versionsOf(machine);
    machine.publish('-LDS http', 'LDS public=1');
    machine.ask('LDS', { error: 'no' });
    const types = machine.state.types.values();
    doubts.remember('node', types);
    machine.snapshot = machine.changed('LDS http=1', '-LDS public');
    clock += 500_000;
    doubts.remember('node', types);
    clock += 500_000;
    // A stream in good order changes nothing of that.
    doubts.remember('node', withListeners().state.types.values());
    expect(back(machine, doubts, versions)).toEqual(['LDS http=1 -public']);
    clock += 100_001;
    expect(back(machine, doubts, versions)).toEqual([]);
  });

  test('in another process: what is in doubt there is in doubt here', () => {
    const remembered: string[] = [];
    const there = new Doubts(
      new NameTable(),
      () => clock,
      undefined,
      (node) => remembered.push(node),
    );
    const here = new Doubts(new NameTable(), undefined, undefined, () => {
      throw new Error('what was learnt is not told again');
    });
    const machine = withListeners();
    machine.publish('-LDS http', 'LDS public=1');
    machine.ask('LDS', { error: 'no' });
    for (let times = 0; times < 2; times += 1) there.remember('node', machine.state.types.values());
    expect(remembered).toEqual(['node']);
    const told = [...there.told('node')].map((doubt) => structuredClone(doubt));
    expect(told.map((doubt) => here.learn(doubt))).toEqual([true]);
    expect(told.map((doubt) => here.learn(doubt))).toEqual([false]);
    expect([...here.of('node', TYPE_URL.listener)].sort()).toEqual(['http', 'public']);
    expect(here.of('other', TYPE_URL.listener).size).toBe(0);
    expect([...here.nodes]).toEqual(['node']);
    here.learn({ node: 'node', typeUrl: TYPE_URL.listener, names: 'all' });
    here.learn({ node: 'node', typeUrl: TYPE_URL.listener, names: ['http'] });
    expect(here.isWhole('node', TYPE_URL.listener)).toBe(true);
    expect([...here.told('node')]).toEqual([{ node: 'node', typeUrl: TYPE_URL.listener, names: 'all' }]);
  });

  test('with more names in doubt than another process is told: there the whole type is', () => {
    const there = new Doubts(new NameTable());
    const machine = new Machine('delta', ...Array.from({ length: 1_000 }, (_, n) => `LDS l${n}=1`));
    machine.ask('LDS');
    there.remember('node', machine.state.types.values());
    expect(there.of('node', TYPE_URL.listener).size).toBe(1_000);
    expect([...there.told('node')]).toEqual([{ node: 'node', typeUrl: TYPE_URL.listener, names: 'all' }]);
  });

  test('names of strangers take a bounded amount of memory', () => {
    const table = new NameTable();
    const doubts = new Doubts(table, () => 0, 10_000);
    const lost = (count: number) => {
      const machine = new Machine('delta', ...Array.from({ length: count }, (_, n) => `LDS l${n}=1`));
      machine.ask('LDS');
      return machine.state;
    };
    for (let node = 0; node < 100; node += 1) doubts.remember(`node-${node}`, lost(10).types.values());
    const remembered = Array.from(
      { length: 100 },
      (_, node) => doubts.of(`node-${node}`, TYPE_URL.listener).size,
    );
    expect(remembered.filter((size) => size === 10)).toHaveLength(11);
    expect(remembered.at(-1)).toBe(10);
    doubts.remember('large', lost(1_000).types.values());
    expect(doubts.of('large', TYPE_URL.listener).size).toBe(0);
    expect(doubts.isWhole('large', TYPE_URL.listener)).toBe(true);
    expect(doubts.isWhole('large', TYPE_URL.cluster)).toBe(false);
    expect(doubts.isWhole('node-99', TYPE_URL.listener)).toBe(false);
    expect(doubts.of('node-99', TYPE_URL.listener).size).toBe(10);
  });

  test('of very many names: nothing is looked at one by one, and nothing is believed', () => {
    const doubts = new Doubts(new NameTable());
    const machine = new Machine('delta', 'EDS a=1');
    machine.ask('EDS', { names: ['a', ...Array.from({ length: 10_000 }, (_, n) => `no-${n}`.padEnd(120))] });
    const before = machine.state;
    doubts.remember('node', before.types.values());
    expect(doubts.isWhole('node', TYPE_URL.endpoints)).toBe(true);
    // One more loss changes nothing of that.
    doubts.remember('node', withListeners().state.types.values());
    expect(doubts.isWhole('node', TYPE_URL.endpoints)).toBe(true);
  });

  test('whose claims are not believed: everything is sent, and what is gone is said', () => {
    const { machine } = table();
    const version = machine.snapshot.set(TYPE_URL.listener).get('keep')?.version ?? '';
    const common = { typeUrl: TYPE_URL.listener, nonce: '', error: undefined };
    const none = machine.shared.table.of([]);
    const delta: StreamRequest = {
      variant: 'delta',
      request: {
        ...common,
        subscribe: none,
        unsubscribe: none,
        known: new Map(Object.entries({ keep: version, http: 'old', gone: 'v' })),
      },
    };
    const sent = (request: StreamRequest) => {
      const again = machine.another();
      again.state = receive(again.state, request, again.snapshot, again.shared);
      return again.pump();
    };
    expect(sent(delta)).toEqual(['LDS http=1 -gone']);
    expect(sent(withoutClaims(delta))).toEqual(['LDS http=1 keep=1 -gone']);
    const sotw: StreamRequest = { variant: 'sotw', request: { ...common, names: none, versionInfo: 'v' } };
    expect(withoutClaims(sotw).request).toEqual({ ...sotw.request, versionInfo: '' });
  });
});

describe('what is shown of rejections', () => {
  const listeners = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `LDS l${1_000 + from + index}=1`);
  const rejected = (machine: Machine) => [...(machine.type('LDS')?.rejected.keys() ?? [])];

  test('is bounded: of one response the first 100 resources, of several the newest', () => {
    const machine = new Machine('delta');
    machine.ask('LDS');
    machine.ask('LDS');
    machine.publish(...listeners(0, 150));
    machine.ask('LDS', { error: 'none of these' });
    const first = machine.last.changed.map(({ name }) => name);
    expect(rejected(machine)).toEqual(first.slice(0, 100));
    machine.publish(...listeners(500, 10));
    machine.ask('LDS', { error: 'none of these either' });
    expect(rejected(machine)).toHaveLength(100);
    expect(rejected(machine).slice(-10).sort()).toEqual(
      Array.from({ length: 10 }, (_, index) => `l${1_500 + index}`),
    );
  });

  test('is all of a response that only repeats what the proxy says it has', () => {
    const before = new Machine('sotw', 'LDS a=1', 'LDS b=1');
    before.ask('LDS');
    const machine = before.another();
    expect(machine.ask('LDS', { version: before.last.version })).toEqual(['LDS a=1 b=1']);
    expect(machine.last.changed).toEqual([]);
    machine.ask('LDS', { version: before.last.version, error: 'no' });
    expect(rejected(machine).sort()).toEqual(['a', 'b']);
  });
});
