import { expect, test } from 'vitest';
import { DocumentSet } from '../../../src/documents/document-set.js';
import type { DocumentChanges } from '../../../src/documents/document-table.js';
import { SignalboxTable } from '../../../src/documents/signalbox/table.js';

function changes(documents: Readonly<Record<string, unknown>>): DocumentChanges {
  const table = new SignalboxTable('/s/');
  for (const [key, value] of Object.entries(documents)) {
    if (value === undefined) table.change(key, undefined);
    else table.change(key, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return table.take();
}

const route = (service_name: string) => ({ match: { prefix: `/${service_name}/` }, service_name });

test("Signalbox's own documents: the file's schema, and what is wrong in words", () => {
  const set = new DocumentSet();
  set.apply(
    'etcd',
    changes({
      'routes/b': route('b'),
      'routes/team/a': { ...route('a'), timeout: '2s' },
      'routes/bad': { match: { prefix: '/x' }, service: 'x', timeout: '2 parsecs' },
      'routes/regex': { match: { regex: '/(' }, service_name: 'x' },
      'services/a%2Fb': { connect_timeout: '3s' },
      'services/c/d': { lb_policy: 'RANDOM' },
      'services/e': { lb_policy: 'RANDOMLY' },
      'other/x': '{',
    }),
    true,
  );
  expect(
    set.routes().map(({ id, rules, rejected }) => [id, rejected ?? rules[0]?.timeout ?? 'good']),
  ).toEqual([
    ['/s/routes/b', 'good'],
    ['/s/routes/bad', expect.stringMatching(/timeout: expected a number of s.*; service: unknown key/)],
    ['/s/routes/regex', expect.stringMatching(/no regular expression/)],
    ['/s/routes/team/a', 2_000],
  ]);
  expect(Object.fromEntries(set.current().policies)).toEqual({
    'a/b': { connect_timeout: 3_000 },
    'c/d': { lb_policy: 'RANDOM' },
  });
  expect(set.policies().find(({ service }) => service === 'e')?.rejected).toContain('lb_policy');
  expect(set.takeChanges()).toEqual(new Set(['a/b', 'c/d']));
  expect(set.takeChanges()).toBeUndefined();
});

test('a broken document keeps its last good version until it is repaired or deleted', () => {
  const set = new DocumentSet();
  set.apply('etcd', changes({ 'routes/a': route('a'), 'services/a': { connect_timeout: 1 } }), true);
  set.takeChanges();
  set.apply('etcd', changes({ 'routes/a': '{"match"', 'services/a': '[]' }), false);
  expect(set.routes()[0]).toMatchObject({ rules: [route('a')], rejected: expect.stringContaining('JSON') });
  expect(set.current().policies.get('a')).toEqual({ connect_timeout: 1_000 });
  expect(set.takeChanges()).toBeUndefined();
  set.apply('etcd', changes({ 'routes/a': route('b') }), false);
  expect(set.routes()[0]).toEqual({ id: '/s/routes/a', source: 'etcd', rules: [route('b')] });
  expect(set.takeChanges()).toEqual(new Set());
  set.apply('etcd', changes({ 'routes/a': undefined, 'services/a': undefined }), false);
  expect(set.current()).toEqual({ routes: new Map(), policies: new Map(), consumers: [], certificates: [] });
  expect(set.takeChanges()).toEqual(new Set(['a']));
});

test('a store that is read anew: rules that say the same stay the same objects, what it has no more goes', () => {
  const set = new DocumentSet();
  set.apply(
    'etcd',
    changes({ 'routes/a': route('a'), 'routes/b': route('b'), 'routes/c': route('c') }),
    true,
  );
  set.takeChanges();
  const [a] = set.routes();
  set.apply(
    'etcd',
    changes({ 'routes/a': route('a'), 'routes/b': route('b'), 'routes/c': route('c') }),
    true,
  );
  expect(set.takeChanges()).toBeUndefined();
  set.apply('etcd', changes({ 'routes/a': route('a'), 'routes/b': route('x') }), true);
  expect(set.routes().map(({ rules }) => rules[0]?.service_name)).toEqual(['a', 'x']);
  expect(set.routes()[0]?.rules[0]).toBe(a?.rules[0]);
  expect(set.takeChanges()).toEqual(new Set());
});

test('stores beside each other, and one that is watched no more', () => {
  const set = new DocumentSet();
  set.apply('one', changes({ 'routes/a': route('a') }), true);
  set.apply('two', { ...changes({}), routes: new Map([['/t/routes/b', { rules: [route('b')] }]]) }, true);
  expect(set.routes().map(({ source }) => source)).toEqual(['one', 'two']);
  set.takeChanges();
  set.keepOnly(['two']);
  expect(set.routes().map(({ source }) => source)).toEqual(['two']);
  expect(set.takeChanges()).toEqual(new Set());
});
