import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EurekaMapping } from '../../../../src/discovery/eureka/eureka-mapping.js';

const item = (id: string, status = 'UP', action = 'ADDED') => ({
  instanceId: id,
  ipAddr: '10.0.0.1',
  status,
  actionType: action,
  port: { $: 1000 + Number(id), '@enabled': 'true' },
});

test('deltas add, change and delete, and give out only what changed', () => {
  const mapping = new EurekaMapping(100);
  mapping.replace([
    { name: 'A', instances: [item('1'), item('2')] },
    { name: 'B', instances: [item('3')] },
  ]);
  expect([...mapping.takeChanges().keys()]).toEqual(['A', 'B']);
  expect(mapping.hash).toBe('UP_3_');

  mapping.apply([
    { name: 'A', instances: [item('1', 'UP', 'DELETED'), item('2', 'DOWN', 'MODIFIED')] },
    { name: 'B', instances: [item('3')] },
  ]);
  const changes = mapping.takeChanges();
  expect([...changes.keys()]).toEqual(['A']);
  expect(changes.get('A')?.instances).toEqual([]);
  expect(changes.get('A')?.filtered.map(({ reason }) => reason)).toEqual(['status']);
  expect(mapping.hash).toBe('DOWN_1_UP_1_');

  mapping.apply([{ name: 'A', instances: [item('2', 'DOWN', 'DELETED'), item('1', 'UP', 'DELETED')] }]);
  expect([...mapping.takeChanges()]).toEqual([['A', undefined]]);
  expect(mapping.hash).toBe('UP_1_');
});

test('a delta that holds an instance several times counts in its order', () => {
  const mapping = new EurekaMapping(100);
  mapping.apply([{ name: 'A', instances: [item('1'), item('1', 'UP', 'DELETED'), item('1', 'DOWN')] }]);
  expect(mapping.hash).toBe('DOWN_1_');
});

test('a full read takes out what is gone, and one malformed instance costs itself', () => {
  const mapping = new EurekaMapping(100);
  mapping.replace([{ name: 'A', instances: [item('1')] }]);
  mapping.takeChanges();
  mapping.replace([{ name: 'B', instances: ['?', item('1')] }]);
  const changes = mapping.takeChanges();
  expect(changes.get('A')).toBeUndefined();
  expect(changes.has('A')).toBe(true);
  expect(changes.get('B')?.instances).toHaveLength(1);
  expect(changes.get('B')?.filtered.map(({ reason }) => reason)).toEqual(['bad_value']);
});

test('the order of an answer does not matter', () => {
  const items = ['1', '2', '3', '4'].map((id) => ({ ...item(id), port: { $: 80, '@enabled': true }, id }));
  const state = (instances: readonly unknown[]) => {
    const mapping = new EurekaMapping(100);
    mapping.replace([{ name: 'A', instances }]);
    return mapping.takeChanges().get('A');
  };
  fc.assert(
    fc.property(fc.shuffledSubarray(items, { minLength: 4 }), (shuffled) => {
      expect(state(shuffled)).toEqual(state(items));
    }),
  );
});
