import { describe, expect, test } from 'vitest';
import type { Variant } from '../../../src/xds/response.js';
import { Machine } from './machine.js';

const PUBLISHED = ['CDS a=1', 'CDS b=1', 'EDS a=1', 'EDS b=1', 'LDS http=1', 'RDS http=1'];

/** A proxy that has everything. */
function started(variant: Variant): Machine {
  const machine = new Machine(variant, ...PUBLISHED);
  machine.ask('CDS');
  machine.ask('EDS', { names: ['a', 'b'] });
  machine.ask('LDS');
  machine.ask('RDS', { names: ['http'] });
  machine.ask('CDS');
  machine.ask('EDS', variant === 'sotw' ? { names: ['a', 'b'] } : {});
  return machine;
}

const all = (variant: Variant, ...names: readonly string[]) => (variant === 'sotw' ? names : names.slice(-1));

describe.each(['sotw', 'delta'] as const)('%s', (variant) => {
  const sotw = variant === 'sotw';

  test('a changed cluster is followed by its assignment, changed or not', () => {
    const machine = started(variant);
    expect(machine.publish('CDS a=2')).toEqual([sotw ? 'CDS a=2 b=1' : 'CDS a=2', 'EDS a=1']);
    expect(machine.publish('CDS a=3', 'EDS a=2')).toEqual([sotw ? 'CDS a=3 b=1' : 'CDS a=3', 'EDS a=2']);
    expect(machine.publish('EDS a=3')).toEqual(['EDS a=3']);
  });

  test.each([
    ['a listener', 'LDS', 'SDS', 'cert'],
    ['a listener', 'LDS', 'ECDS', 'filter'],
    ['a listener', 'LDS', 'RDS', 'http'],
    ['a cluster', 'CDS', 'SDS', 'cert'],
    ['an extension configuration', 'ECDS', 'SDS', 'cert'],
  ] as const)('%s that changed (%s) is followed by what it refers to (%s)', (_, parent, child, name) => {
    const other = parent === 'CDS' ? ['EDS p=1'] : [];
    const machine = new Machine(variant, `${child} ${name}=1`, `${parent} p=1>${child} ${name}`, ...other);
    const asked = parent === 'ECDS' ? { names: ['p'] } : {};
    expect(machine.ask(parent, asked)).toEqual([`${parent} p=1`]);
    expect(machine.ask(child, { names: [name] })).toEqual([`${child} ${name}=1`]);
    expect(machine.ask(parent, variant === 'sotw' ? asked : {})).toEqual([]);
    expect(machine.ask(child, variant === 'sotw' ? { names: [name] } : {})).toEqual([]);
    expect(machine.publish(`${parent} p=2>${child} ${name}`)).toEqual([
      `${parent} p=2`,
      `${child} ${name}=1`,
    ]);
    // And where the client asks for the child only then, on a stream that came back with it.
    const known = Object.fromEntries(
      [...machine.snapshot.set(machine.typeUrl(child)).values()].map(({ name, version }) => [name, version]),
    );
    const version = machine.last.version;
    const back = new Machine(variant).as('envoy');
    back.snapshot = machine.snapshot;
    back.ask(parent, { ...asked, version: 'old', known: { p: 'old' } });
    expect(back.ask(child, { names: [name], version, known })).toEqual([`${child} ${name}=1`]);
    expect(back.pump()).toEqual([]);
  });

  test('a changed route does not bring its clusters again', () => {
    const machine = new Machine(variant, 'CDS a=1', 'EDS a=1', 'RDS http=1>CDS a');
    machine.ask('CDS');
    machine.ask('EDS', { names: ['a'] });
    machine.ask('RDS', { names: ['http'] });
    expect(machine.publish('RDS http=2>CDS a')).toEqual(['RDS http=2']);
  });

  test('an assignment that is asked for after its cluster was sent is not sent twice', () => {
    const machine = new Machine(variant, ...PUBLISHED);
    machine.ask('CDS');
    expect(machine.ask('EDS', { names: ['a'] })).toEqual(['EDS a=1']);
    expect(machine.pump()).toEqual([]);
  });

  test('routes to a new cluster wait for its assignment', () => {
    const machine = started(variant);
    const brought = machine.publish('CDS c=1', 'EDS c=1', 'RDS http=2', 'LDS http=2');
    expect(brought).toEqual([sotw ? 'CDS a=1 b=1 c=1' : 'CDS c=1']);
    expect(machine.ask('EDS', { names: all(variant, 'a', 'b', 'c') })).toEqual([
      'EDS c=1',
      'LDS http=2',
      'RDS http=2',
    ]);
  });

  test('they wait on when the clusters are acknowledged before the assignment is asked for', () => {
    const machine = started(variant);
    machine.publish('CDS c=1', 'EDS c=1', 'RDS http=2');
    expect(machine.ask('CDS')).toEqual([]);
    expect(machine.ask('EDS', { names: all(variant, 'a', 'b', 'c') })).toEqual(['EDS c=1', 'RDS http=2']);
  });

  test('but not beyond patience', () => {
    const machine = started(variant);
    machine.publish('CDS c=1', 'EDS c=1', 'RDS http=2');
    expect(machine.losePatience()).toEqual(['RDS http=2']);
    expect(machine.losePatience()).toEqual([]);
  });

  test('routes wait on a stream that came back with everything, too', () => {
    const before = started(variant);
    const machine = new Machine(variant, ...PUBLISHED).as('envoy');
    for (const short of ['CDS', 'EDS', 'LDS', 'RDS'] as const) {
      const { version = '', held, subscription } = before.type(short) ?? {};
      const known = Object.fromEntries(
        [...(held?.values() ?? [])].map(({ name, version }) => [name, version]),
      );
      const always =
        sotw && short === 'CDS' ? ['CDS a=1 b=1'] : sotw && short === 'LDS' ? ['LDS http=1'] : [];
      expect(machine.ask(short, { names: [...(subscription?.names ?? [])], version, known })).toEqual(always);
    }
    expect(machine.publish('CDS c=1', 'EDS c=1', 'RDS http=2')).toEqual([
      sotw ? 'CDS a=1 b=1 c=1' : 'CDS c=1',
    ]);
    expect(machine.ask('EDS', { names: all(variant, 'a', 'b', 'c') })).toEqual(['EDS c=1', 'RDS http=2']);
  });

  test('a request is answered though routes wait', () => {
    const machine = started(variant);
    machine.publish('CDS c=1', 'EDS c=1', 'RDS http=2', 'RDS more=1');
    expect(machine.ask('RDS', { names: all(variant, 'http', 'more') })).toEqual(['RDS http=2 more=1']);
  });

  test('what goes, goes after what referred to it', () => {
    const machine = started(variant);
    expect(machine.publish('RDS http=2', '-CDS b', '-EDS b')).toEqual(
      sotw ? ['RDS http=2', 'CDS a=1'] : ['RDS http=2', 'CDS -b', 'EDS -b'],
    );
  });

  test('what replaces goes before, what is replaced after', () => {
    const machine = started(variant);
    expect(machine.publish('RDS http=2', '-CDS b', '-EDS b', 'CDS c=1', 'EDS c=1')).toEqual([
      sotw ? 'CDS a=1 b=1 c=1' : 'CDS c=1',
    ]);
    const rest = machine.ask('EDS', { names: all(variant, 'a', 'b', 'c') });
    expect(rest).toEqual(
      sotw ? ['EDS c=1', 'RDS http=2', 'CDS a=1 c=1'] : ['EDS c=1', 'RDS http=2', 'CDS -b', 'EDS -b'],
    );
  });

  test('without routes on the stream nothing is kept back', () => {
    const machine = new Machine(variant, ...PUBLISHED);
    machine.ask('CDS');
    expect(machine.publish('CDS c=1', '-CDS b')).toEqual([sotw ? 'CDS a=1 c=1' : 'CDS c=1 -b']);
  });

  test('nonces are never used twice on a stream', () => {
    const machine = started(variant);
    machine.publish('CDS a=2', 'EDS b=2', 'RDS http=2');
    expect(new Set(machine.nonces).size).toBe(machine.responses.length);
    expect(machine.type('RDS')?.nonce).toBe(machine.nonces.at(-1));
  });
});
