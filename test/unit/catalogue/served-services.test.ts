import { beforeEach, expect, test } from 'vitest';
import { keyText } from '../../../src/catalogue/key-text.js';
import { ServedServices } from '../../../src/catalogue/served-services.js';
import type { ServiceState } from '../../../src/discovery/source.js';
import type { FilterReason } from '../../../src/model/instance.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const source = new ScriptedSource('kv');
let served: ServedServices;

beforeEach(() => {
  served = new ServedServices(source, ({ service }) => service.toUpperCase());
});

const filtered = (state: ServiceState, ...reasons: readonly FilterReason[]): ServiceState => ({
  ...state,
  filtered: reasons.map((reason) => ({ address: 'h:1', reason, detail: '' })),
});

test('services are kept by key and found by published name, in the order of their keys', () => {
  const [b, a] = [
    { service: 'web', group: 'b' },
    { service: 'web', group: 'a' },
  ];
  expect(served.put(b, stateOf('h:1'))).toBe('WEB');
  expect(served.put(a, stateOf('h:2'))).toBe('WEB');
  expect(served.put({ service: 'api' }, stateOf('h:3'))).toBe('API');
  expect([...served.names()]).toEqual(['WEB', 'API']);
  expect(served.contributions('WEB')).toEqual([
    { source, key: a, state: stateOf('h:2') },
    { source, key: b, state: stateOf('h:1') },
  ]);
  expect(served.contributions('OTHER')).toEqual([]);
  expect(served.contribution(b)?.state).toEqual(stateOf('h:1'));
  expect(served.entries()).toEqual([
    [b, stateOf('h:1')],
    [a, stateOf('h:2')],
    [{ service: 'api' }, stateOf('h:3')],
  ]);

  const other = new ServedServices(source, () => 'WEB');
  for (const key of [a, b]) other.put(key, stateOf('h:1'));
  expect(other.contributions('WEB').map(({ key }) => key)).toEqual([a, b]);
});

test('a state that is the same is no change', () => {
  expect(served.put({ service: 'web' }, undefined)).toBeUndefined();
  expect(served.put({ service: 'web' }, stateOf('h:1'))).toBe('WEB');
  const kept = served.contribution({ service: 'web' });
  expect(served.put({ service: 'web' }, stateOf('h:1'))).toBeUndefined();
  expect(served.contribution({ service: 'web' })).toBe(kept);
  expect(served.put({ service: 'web' }, stateOf())).toBe('WEB');
  expect(served.put({ service: 'web' }, undefined)).toBe('WEB');
  expect([...served.names(), ...served.entries()]).toEqual([]);
});

test('a name goes with the last of its services', () => {
  for (const group of ['a', 'b']) served.put({ service: 'web', group }, stateOf('h:1'));
  served.put({ service: 'web', group: 'a' }, undefined);
  expect([...served.names()]).toEqual(['WEB']);
  served.put({ service: 'web', group: 'b' }, undefined);
  expect([...served.names()]).toEqual([]);
});

test('services, instances and filtered entries are counted', () => {
  expect(served.counts).toEqual({ services: 0, instances: 0, filtered: 0, filteredBy: {} });
  served.put({ service: 'web' }, filtered(stateOf('h:1', 'h:2'), 'disabled', 'status', 'status'));
  served.put({ service: 'api' }, filtered(stateOf('h:1'), 'status'));
  expect(served.counts).toEqual({
    services: 2,
    instances: 3,
    filtered: 4,
    filteredBy: { disabled: 1, status: 3 },
  });
  served.put({ service: 'web' }, filtered(stateOf('h:1'), 'disabled', 'disabled', 'status'));
  expect(served.counts).toEqual({
    services: 2,
    instances: 2,
    filtered: 4,
    filteredBy: { disabled: 2, status: 2 },
  });
  served.put({ service: 'web' }, undefined);
  served.put({ service: 'api' }, stateOf());
  expect(served.counts).toEqual({
    services: 1,
    instances: 0,
    filtered: 0,
    filteredBy: { disabled: 0, status: 0 },
  });
});

test('keys differ in each of their parts, and a part that is not given is empty', () => {
  const keys = [
    { service: 'a' },
    { service: 'b' },
    { service: 'a', namespace: 'n' },
    { service: 'a', namespace: 'm' },
    { service: 'a', group: 'n' },
    { service: 'a', group: 'm' },
  ];
  expect(new Set(keys.map(keyText)).size).toBe(keys.length);
  expect(keyText({ service: 'a', namespace: '', group: '' })).toBe(keyText({ service: 'a' }));
});
