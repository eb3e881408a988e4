import { expect, test } from 'vitest';
import { groupSelector } from '../../../src/groups/group-selector.js';
import { type ProxyNode, UNKNOWN_NODE } from '../../../src/xds/node.js';
import { configOf } from '../../support/configuration.js';

const groupOf = (match: object, node: Partial<ProxyNode>) =>
  groupSelector(configOf({ groups: { it: { match } } }).groups)({ ...UNKNOWN_NODE, ...node });
const EAST = { region: 'east', zone: 'east-1', sub_zone: 'r7' };

test.each<[object, Partial<ProxyNode>, boolean]>([
  [{ id: 'a' }, { id: 'a' }, true],
  [{ id: 'a' }, { id: 'ab' }, false],
  [{ id: ['x', 'a*'] }, { id: 'ab' }, true],
  [{ cluster: 'edge' }, { cluster: 'edge' }, true],
  [{ cluster: 'edge', id: 'a' }, { cluster: 'edge', id: 'b' }, false],
  [{ locality: { region: 'east', zone: 'east-*' } }, { locality: EAST }, true],
  [{ locality: { region: 'east', sub_zone: 'r8' } }, { locality: EAST }, false],
  [
    { metadata: { env: 'prod-*', canary: true, weight: 2 } },
    { metadata: { env: 'prod-1', canary: true, weight: 2 } },
    true,
  ],
  [{ metadata: { canary: true } }, { metadata: { canary: 'true' } }, false],
  [{ metadata: { env: '*' } }, { metadata: {} }, false],
  [{ metadata: { team: { name: 'a' } } }, { metadata: { team: { name: 'a', size: 2 } } }, true],
  [{ metadata: { team: { name: 'a' } } }, { metadata: { team: 'a' } }, false],
  [{ metadata: { constructor: { name: 'Object' } } }, { metadata: {} }, false],
])('%o of %o: %s', (match, node, is) => {
  expect(groupOf(match, node)).toBe(is ? 'it' : 'default');
});

test('the first group that matches counts', () => {
  const { groups } = configOf({ groups: { z: { match: { id: 'a*' } }, b: { match: { id: '*' } } } });
  const select = groupSelector(groups);
  expect([select({ ...UNKNOWN_NODE, id: 'a1' }), select({ ...UNKNOWN_NODE, id: 'b1' })]).toEqual(['z', 'b']);
});
