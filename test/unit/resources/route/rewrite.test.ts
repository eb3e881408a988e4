import { expect, test } from 'vitest';
import type { Rewrite, RouteMatch } from '../../../../src/model/route.js';
import { envoyMatch } from '../../../../src/resources/route/match.js';
import { envoyRewrite } from '../../../../src/resources/route/rewrite.js';

/** What Envoy makes of a path, by what it documents of the fields that are built here; undefined: no match. */
function rewritten(match: RouteMatch, rewrite: Rewrite, path: string): string | undefined {
  const { path: exact, prefix, path_separated_prefix: segment } = envoyMatch(match);
  const matched = exact ?? prefix ?? segment ?? '';
  const next = path.charAt(matched.length);
  const takes =
    typeof exact === 'string'
      ? path === exact
      : path.startsWith(matched) && (typeof segment !== 'string' || next === '' || next === '/');
  if (!takes) return undefined;
  const { prefix_rewrite, regex_rewrite } = envoyRewrite(match, rewrite);
  if (typeof prefix_rewrite === 'string') return prefix_rewrite + path.slice(matched.length);
  const pattern = new RegExp(regex_rewrite?.pattern?.regex ?? '$^', 'g');
  return path.replace(pattern, (regex_rewrite?.substitution ?? '').replaceAll('\\\\', '\\'));
}

test.each([
  ['/a/', '/', '/a/test', '/test'],
  ['/a/', '/', '/a/', '/'],
  ['/a/', '/b', '/a/test', '/b/test'],
  ['/a/', '/b/', '/a/test', '/b/test'],
  ['/a', '/', '/a', '/'],
  ['/a', '/', '/a/', '/'],
  ['/a', '/', '/a/test', '/test'],
  ['/a', '/', '/a/a/test', '/a/test'],
  ['/a', '/', '/ab', undefined],
  ['/a', '/b', '/a', '/b'],
  ['/a', '/b', '/a/test', '/b/test'],
  ['/a', '/b/', '/a', '/b/'],
  ['/a', '/b/', '/a/test', '/b/test'],
  ['/', '/', '/test', '/test'],
  ['/', '/b', '/test', '/b/test'],
  ['/', '/b/', '/', '/b/'],
  ['/a.b(c)', '/', '/a.b(c)/x', '/x'],
  ['/a', '/\\1/', '/a/x', '/\\1/x'],
])('%s to %s: %s becomes %s', (prefix, rewrite, path, expected) => {
  expect(rewritten({ prefix }, { prefix: rewrite }, path)).toBe(expected);
});

test('an exact path is replaced as a whole', () => {
  expect(rewritten({ path: '/a' }, { prefix: '/b/c' }, '/a')).toBe('/b/c');
  expect(rewritten({ path: '/a' }, { prefix: '/' }, '/a/')).toBeUndefined();
});

test('a regular expression and a host are taken as they are', () => {
  const regex = { pattern: '^/v(\\d+)/', substitution: '/\\1/' };
  expect(envoyRewrite({ regex: '.*' }, { regex, host: 'b.org' })).toEqual({
    regex_rewrite: { pattern: { regex: regex.pattern }, substitution: regex.substitution },
    host_rewrite_literal: 'b.org',
  });
  expect(envoyRewrite({ prefix: '/' }, undefined)).toEqual({});
});

test.each([
  [{ prefix: '/user/' }, { prefix: '/user/' }],
  [{ prefix: '/user' }, { path_separated_prefix: '/user' }],
  [{ prefix: '/' }, { prefix: '/' }],
  [{ path: '/user' }, { path: '/user' }],
  [{ regex: '/u.*' }, { safe_regex: { regex: '/u.*' } }],
])('%j is a match by whole segments', (match, expected) => {
  expect(envoyMatch(match)).toEqual(expected);
});
