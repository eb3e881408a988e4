import { expect, test } from 'vitest';
import { resourceFromJson } from '../../../src/resources/given.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { childrenOf, newAssignments } from '../../../src/xds/children.js';
import { NameTable } from '../../../src/xds/name-set.js';
import type { Response } from '../../../src/xds/response.js';

const { cluster, endpoints, listener, route, secret, virtualHost } = TYPE_URL;
const table = new NameTable();
const response = (...changed: Response['changed']): Response => ({
  ...{ typeUrl: listener, version: '1', resources: changed, changed, removed: [], weight: 0 },
});

test('the children of what changed are told by type, clusters left out', () => {
  const changed = ['a', 'b'].map((name) =>
    makeResource(listener, name, Buffer.from('1'), [
      { typeUrl: secret, names: ['shared', `of-${name}`] },
      { typeUrl: route, names: [name] },
      { typeUrl: cluster, names: ['c'] },
    ]),
  );
  const children = childrenOf(response(...changed), table).map(([typeUrl, names]) => [
    typeUrl,
    [...names].sort(),
  ]);
  expect(children).toEqual([
    [secret, ['of-a', 'of-b', 'shared']],
    [route, ['a', 'b']],
  ]);
});

test('assignments are new where their clusters are', () => {
  const [old, added] = ['old', 'added'].map((name) =>
    makeResource(cluster, name, Buffer.from('1'), [{ typeUrl: endpoints, names: [`of-${name}`] }]),
  );
  if (old === undefined || added === undefined) throw new Error('none');
  const held = ResourceSet.EMPTY.with(new Map([['old', { ...old, version: 'before' }]]));
  expect([...newAssignments(response(old, added), held, table)]).toEqual(['of-added']);
  expect(newAssignments(response(old), held, table).size).toBe(0);
});

test('a route configuration whose virtual hosts are discovered waits for a word about them', () => {
  const discovering = resourceFromJson(route, {
    name: 'r',
    vhds: { config_source: { ads: {}, resource_api_version: 'V3' } },
  });
  const plain = resourceFromJson(route, { name: 'plain' });
  const children = (...changed: Response['changed']) =>
    childrenOf({ ...response(...changed), typeUrl: route }, table).map(([typeUrl, names]) => [
      typeUrl,
      [...names],
    ]);
  expect(children(discovering, plain)).toEqual([[virtualHost, ['r/']]]);
  expect(children(plain)).toEqual([]);
  expect(childrenOf(response(makeResource(listener, 'l', discovering.body)), table)).toEqual([]);
});
