import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shadowedRoutes } from '../../../src/config/shadowed-routes.js';
import type { RouteMatch, RouteRule } from '../../../src/model/route.js';
import { inOrder } from '../../../src/resources/route/order.js';

const wins = { priority: 1 };
const rule = (name: string, match: RouteMatch, more: Partial<RouteRule> = {}): RouteRule => ({
  name,
  match,
  service_name: name,
  ...more,
});

/** Which of two routes is shadowed, where the first one has the higher priority. */
const shadowed = (wide: RouteMatch, narrow: RouteMatch) =>
  shadowedRoutes([rule('wide', wide, wins), rule('narrow', narrow)]).map((found) => found.rule.name);

test.each<[string, RouteMatch, RouteMatch]>([
  ['an equal prefix', { prefix: '/a' }, { prefix: '/a' }],
  ['a shorter prefix', { prefix: '/a' }, { prefix: '/a/b' }],
  ['a prefix with its slash', { prefix: '/a' }, { prefix: '/a/' }],
  ['a shorter prefix with a slash', { prefix: '/a/' }, { prefix: '/a/b' }],
  ['the prefix that is the path', { prefix: '/a' }, { path: '/a' }],
  ['a prefix of a path', { prefix: '/a/' }, { path: '/a/b' }],
  ['everything', { prefix: '/' }, { regex: '/x.*' }],
  ['a prefix of a template', { prefix: '/users' }, { template: '/users/{id}/x' }],
  ['an equal template', { template: '/u/{id}' }, { template: '/u/{id}' }],
  ['an equal regular expression', { regex: '/x.*' }, { regex: '/x.*' }],
  ['an equal path', { path: '/a' }, { path: '/a', grpc: true }],
  ['more methods', { prefix: '/', methods: ['GET', 'PUT'] }, { prefix: '/a', methods: ['PUT'] }],
  [
    'fewer headers',
    { prefix: '/', headers: { a: { exact: '1' } } },
    { prefix: '/', headers: { a: { exact: '1' }, b: { present: true } } },
  ],
  ['fewer parameters', { prefix: '/' }, { prefix: '/', query: { a: { exact: '1' } } }],
])('%s in front shadows', (_, wide, narrow) => {
  expect(shadowed(wide, narrow)).toEqual(['narrow']);
});

test.each<[string, RouteMatch, RouteMatch]>([
  ['the same letters in another segment', { prefix: '/a' }, { prefix: '/ab' }],
  ['a prefix with a slash, of the one without', { prefix: '/a/' }, { prefix: '/a' }],
  ['a prefix with a slash, of the path without', { prefix: '/a/' }, { path: '/a' }],
  ['a longer prefix', { prefix: '/a/b' }, { prefix: '/a' }],
  ['half a segment of a template', { prefix: '/use' }, { template: '/users/{id}' }],
  ['a prefix that reaches into a variable', { prefix: '/users/x' }, { template: '/users/{id}' }],
  ['another regular expression', { regex: '/.*' }, { regex: '/x.*' }],
  ['a prefix beside a regular expression', { prefix: '/x' }, { regex: '/x.*' }],
  ['methods', { prefix: '/', methods: ['GET'] }, { prefix: '/a' }],
  ['other methods', { prefix: '/', methods: ['GET'] }, { prefix: '/a', methods: ['GET', 'PUT'] }],
  ['gRPC only', { prefix: '/', grpc: true }, { prefix: '/a' }],
  [
    'a header of another value',
    { prefix: '/', headers: { a: { exact: '1' } } },
    { prefix: '/', headers: { a: { exact: '2' } } },
  ],
  ['a text as a prefix, of segments', { starts_with: '/a' }, { starts_with: '/ab' }],
])('%s in front does not', (_, wide, narrow) => {
  expect(shadowed(wide, narrow)).toEqual([]);
});

test('a route is shadowed only where it is in every one of its hosts', () => {
  const a = rule('a', { prefix: '/' }, { hosts: ['a.test'], ...wins });
  const b = rule('b', { prefix: '/' }, { hosts: ['*.test'], ...wins });
  const narrow = (hosts?: readonly string[]) => rule('narrow', { prefix: '/x' }, { hosts });
  const found = (...rules: RouteRule[]) =>
    shadowedRoutes(rules).map((each) => [each.rule.name, ...each.by.map(({ name }) => name)]);
  expect(found(a, narrow(['a.test', 'b.test']))).toEqual([]);
  expect(found(a, narrow(['a.test']))).toEqual([['narrow', 'a']]);
  expect(found(b, narrow(['a.test', 'b.test']))).toEqual([['narrow', 'b']]);
  expect(found(a, b, narrow(['b.test']))).toEqual([['narrow', 'b']]);
  expect(found(a, b, narrow())).toEqual([]);
});

test('a route of some listeners is shadowed only where it is in each of them', () => {
  const names = (wide: Partial<RouteRule>, narrow: Partial<RouteRule>) =>
    shadowedRoutes(
      [rule('wide', { prefix: '/' }, { ...wins, ...wide }), rule('narrow', { prefix: '/a' }, narrow)],
      ['x', 'y'],
    ).map((found) => found.rule.name);
  expect(names({ listeners: ['x'] }, {})).toEqual([]);
  expect(names({ listeners: ['x'] }, { listeners: ['x'] })).toEqual(['narrow']);
  expect(names({ listeners: ['x'] }, { listeners: ['y'] })).toEqual([]);
  expect(names({}, { listeners: ['y'] })).toEqual(['narrow']);
});

test('what comes first by itself shadows nothing: a closer match always is before a wider one', () => {
  const rules = [rule('all', { prefix: '/' }), rule('a', { prefix: '/a' }), rule('path', { path: '/a' })];
  expect(shadowedRoutes(rules)).toEqual([]);
});

test('no request is ever taken by a route that is called shadowed', () => {
  const text = fc.constantFrom('/', '/a', '/a/', '/a/b', '/ab', '/a/b/');
  const match = fc.oneof(
    fc.record({ prefix: text }),
    fc.record({ path: text }),
    fc.record({ prefix: text, methods: fc.subarray(['GET', 'PUT'], { minLength: 1 }) }),
  );
  const hosts = fc.option(fc.subarray(['a.test', '*.test', '*'], { minLength: 1 }), { nil: undefined });
  const rules = fc.array(
    fc.record({ match, hosts, priority: fc.integer({ min: 0, max: 2 }) }).map((each) => ({ ...each })),
    { maxLength: 8 },
  );
  const takes = ({ path, prefix = '/', methods }: RouteMatch, asked: string, method: string) =>
    (methods === undefined || methods.includes(method)) &&
    (path === undefined
      ? asked === prefix || asked.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
      : asked === path);
  let found = 0;
  fc.assert(
    fc.property(rules, (all) => {
      const named = all.map((each, index) => rule(String(index), each.match, each));
      const hidden = new Set(shadowedRoutes(named).map((each) => each.rule));
      found += hidden.size;
      for (const domain of ['a.test', '*.test', '*']) {
        if (!named.some((each) => (each.hosts ?? ['*']).includes(domain))) continue;
        const here = inOrder(
          domain,
          named.filter(({ hosts: own = ['*'] }) =>
            own.some((host) => host === domain || host === '*' || (host === '*.test' && domain === 'a.test')),
          ),
        );
        for (const asked of ['/', '/a', '/a/', '/a/b', '/ab', '/a/b/c', '/x']) {
          for (const method of ['GET', 'PUT', 'POST']) {
            const taker = here.find((each) => takes(each.match, asked, method));
            if (taker !== undefined) expect(hidden).not.toContain(taker);
          }
        }
      }
    }),
    { seed: 8, numRuns: 300 },
  );
  expect(found).toBeGreaterThan(50);
});
