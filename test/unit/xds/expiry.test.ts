import { describe, expect, test } from 'vitest';
import type { Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { Machine, resource } from './machine.js';

const expiring = (text: string): Resource => ({ ...resource(text), ttl: 1_000 });

/** A proxy that has acknowledged a cluster with a TTL and one without. */
function acknowledged(): Machine {
  const machine = new Machine('delta');
  machine.snapshot = Snapshot.of([expiring('CDS a=1'), resource('CDS b=1')]);
  expect(machine.ask('CDS')).toEqual(['CDS a=1 b=1']);
  expect(machine.ask('CDS')).toEqual([]);
  return machine;
}

describe('delta: the answer to a heartbeat', () => {
  const heartbeat = 'of a heartbeat';

  test('that is rejected: what has a TTL is sent again with its content', () => {
    expect(acknowledged().ask('CDS', { nonce: heartbeat, error: 'no' })).toEqual(['CDS a=1']);
  });

  test('that is accepted: nothing is sent', () => {
    expect(acknowledged().ask('CDS', { nonce: heartbeat })).toEqual([]);
  });

  test('that is rejected where nothing has a TTL: nothing is sent', () => {
    const machine = new Machine('delta', 'CDS a=1');
    machine.ask('CDS');
    machine.ask('CDS');
    expect(machine.ask('CDS', { nonce: heartbeat, error: 'no' })).toEqual([]);
    expect(machine.type('CDS')?.owed.size).toBe(0);
  });

  test('a rejected response is no heartbeat', () => {
    const machine = acknowledged();
    expect(machine.publish('CDS b=2')).toEqual(['CDS b=2']);
    expect(machine.ask('CDS', { error: 'no' })).toEqual([]);
    expect([...(machine.type('CDS')?.owed ?? [])]).not.toContain('a');
  });
});

describe('SotW: an Envoy that comes back with the current version', () => {
  const returning = (...resources: readonly Resource[]) => {
    const before = new Machine('sotw').as('envoy');
    before.snapshot = Snapshot.of(resources);
    const machine = before.another().as('envoy');
    return { before, machine };
  };

  test.each(['RTDS', 'EDS'] as const)('%s by name: silence where nothing has a TTL', (short) => {
    const { before, machine } = returning(resource(`${short} a=1`), resource(`${short} b=1`));
    before.ask(short, { names: ['a'] });
    expect(machine.ask(short, { names: ['a'], version: before.last.version })).toEqual([]);
  });

  test('what may have expired meanwhile is sent again, of what it asks for', () => {
    const { before, machine } = returning(expiring('RTDS a=1'), resource('RTDS b=1'), expiring('RTDS c=1'));
    before.ask('RTDS', { names: ['a', 'b'] });
    expect(machine.ask('RTDS', { names: ['a', 'b'], version: before.last.version })).toEqual(['RTDS a=1']);
  });

  test('of a type that is sent without a TTL nothing can have expired', () => {
    const { before, machine } = returning(expiring('EDS a=1'));
    before.ask('EDS', { names: ['a'] });
    expect(machine.ask('EDS', { names: ['a'], version: before.last.version })).toEqual([]);
  });
});
