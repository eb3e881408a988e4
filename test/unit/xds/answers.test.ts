import { describe, expect, test } from 'vitest';
import { currentVersion, versionMark } from '../../../src/xds/type-state.js';
import { Machine, type Short } from './machine.js';

const PUBLISHED = ['CDS a=1', 'CDS b=1', 'EDS a=1', 'EDS b=1'];

function typeOf(machine: Machine, short: Short) {
  const type = machine.type(short);
  if (type === undefined) throw new Error(`${short} was never asked for`);
  return type;
}

describe('what a proxy has accepted', () => {
  test('is what it was sent when it acknowledges', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('CDS');
    expect(typeOf(machine, 'CDS')).toMatchObject({ acknowledgedVersion: '', nonce: machine.nonces[0] });
    expect(typeOf(machine, 'CDS').outstanding).toHaveLength(1);
    machine.ask('CDS');
    const { acknowledged, acknowledgedVersion, version, outstanding, held } = typeOf(machine, 'CDS');
    expect(acknowledged).toBe(held);
    expect(acknowledgedVersion).toBe(version);
    expect(outstanding).toEqual([]);
  });

  test('is told by the last acknowledgement, which passes those before it', () => {
    const machine = new Machine('delta', ...PUBLISHED);
    machine.ask('EDS', { names: ['a'] });
    machine.publish('EDS a=2');
    machine.publish('EDS a=3');
    machine.ask('EDS', { nonce: 2 });
    const type = typeOf(machine, 'EDS');
    expect(type.outstanding.map(({ nonce }) => nonce)).toEqual([machine.nonces[2]]);
    expect(Buffer.from(type.acknowledged.get('a')?.body ?? []).toString()).toBe('2');
    machine.ask('EDS', { nonce: 'never issued' });
    expect(typeOf(machine, 'EDS').outstanding).toHaveLength(1);
  });

  test('is remembered within bounds for a proxy that never answers', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('EDS', { names: ['a'] });
    for (let change = 2; change < 200; change += 1) machine.publish(`EDS a=${change}`);
    expect(typeOf(machine, 'EDS').outstanding.length).toBeLessThanOrEqual(32);
  });
});

describe('what a proxy has rejected', () => {
  test('is what its message names, else all that changed', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('EDS', { names: ['a', 'b'] });
    machine.ask('EDS', { names: ['a', 'b'], error: 'b: malformed' });
    expect([...typeOf(machine, 'EDS').rejected.keys()]).toEqual(['b']);
    machine.publish('EDS a=2', 'EDS b=2');
    machine.ask('EDS', { names: ['a', 'b'], error: 'no reason' });
    expect([...typeOf(machine, 'EDS').rejected.keys()].sort()).toEqual(['a', 'b']);
  });

  test('is kept with a reason that can be printed', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('EDS', { names: ['a'] });
    machine.ask('EDS', { names: ['a'], error: `a: \u001b[31m\nbad\u202e ${'x'.repeat(10_000)}` });
    const { message = '' } = typeOf(machine, 'EDS').rejected.get('a') ?? {};
    expect(message).toMatch(/^a: {2}\[31m bad {2}x+…$/);
    expect(message).toHaveLength(2_000);
  });

  test('of clusters are those that changed, not those that are repeated', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('CDS');
    machine.ask('CDS');
    machine.publish('CDS b=2');
    machine.ask('CDS', { error: 'no reason' });
    expect([...typeOf(machine, 'CDS').rejected.keys()]).toEqual(['b']);
  });

  test('stands until it accepts a newer one, or that it is gone', () => {
    for (const step of ['EDS b=2', '-EDS b']) {
      const machine = new Machine('delta', ...PUBLISHED);
      machine.ask('EDS', { names: ['a', 'b'] });
      machine.ask('EDS', { error: 'b: malformed' });
      machine.publish('EDS a=2');
      machine.ask('EDS');
      expect(typeOf(machine, 'EDS').rejected.get('b')?.message).toBe('b: malformed');
      machine.publish(step);
      machine.ask('EDS');
      expect(typeOf(machine, 'EDS').rejected.size).toBe(0);
    }
  });

  test('is said again also where it was a repetition', () => {
    const machine = new Machine('delta', ...PUBLISHED);
    machine.ask('EDS', { names: ['a', 'b'] });
    machine.ask('EDS');
    expect(machine.ask('EDS', { names: ['a'] })).toEqual(['EDS a=1']);
    machine.ask('EDS', { error: 'no reason' });
    expect([...typeOf(machine, 'EDS').rejected.keys()]).toEqual(['a']);
    expect(machine.publish('EDS b=2')).toEqual(['EDS a=1 b=2']);
  });

  test('leaves in doubt what changed, or all that was repeated where nothing did', () => {
    const doubtful = (publication: string) => {
      const machine = new Machine('sotw', ...PUBLISHED, 'CDS c=1');
      machine.ask('CDS');
      machine.ask('CDS');
      machine.publish(publication);
      machine.ask('CDS', { error: 'no reason' });
      return [...typeOf(machine, 'CDS').doubtful].sort();
    };
    expect(doubtful('CDS b=2')).toEqual(['b']);
    expect(doubtful('-CDS c')).toEqual(expect.arrayContaining(['a', 'b']));
  });

  test.each([
    [1_000, 'EDS b=2', ['a', 'b']],
    [1_001, 'EDS a=1 b=2', ['a', 'b']],
    [1_001, 'EDS b=2', ['*']],
  ])(
    'is said again, and where it is %i removals all that is asked for: %s of %j',
    (count, present, asked) => {
      const gone = Array.from({ length: count }, (_, n) => `n${n}`);
      const machine = new Machine('delta', ...PUBLISHED, ...gone.map((name) => `EDS ${name}=1`));
      machine.ask('EDS', { names: asked[0] === '*' ? asked : [...asked, ...gone] });
      machine.ask('EDS');
      machine.publish(...gone.map((name) => `-EDS ${name}`));
      expect(machine.ask('EDS', { error: 'no reason' })).toEqual([]);
      const [answer = ''] = machine.publish('EDS b=2');
      expect(answer.split(' -')[0]).toBe(present);
      expect(answer.split(' -')).toHaveLength(count + 1);
    },
  );

  test('marks the version of a type that is sent in pieces', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('EDS', { names: ['a', 'b'] });
    expect(versionMark(typeOf(machine, 'EDS'))).toBe('');
    machine.ask('EDS', { names: ['a', 'b'], error: 'a' });
    machine.publish('EDS b=2');
    expect(machine.last.version).toMatch(/\+rejected/);
  });

  test('is not the version that a proxy goes by', () => {
    const machine = new Machine('sotw', ...PUBLISHED);
    machine.ask('CDS');
    const first = machine.last.version;
    expect(currentVersion(typeOf(machine, 'CDS'))).toBe(first);
    machine.ask('CDS');
    machine.publish('CDS a=2');
    expect(currentVersion(typeOf(machine, 'CDS'))).toBe(machine.last.version);
    machine.ask('CDS', { error: 'no' });
    expect(currentVersion(typeOf(machine, 'CDS'))).toBe(first);
  });
});
