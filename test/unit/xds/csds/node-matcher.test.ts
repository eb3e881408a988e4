import { describe, expect, test } from 'vitest';
import type { NodeMatcher } from '../../../../src/generated/types/envoy/type/matcher/v3/NodeMatcher.js';
import type { ValueMatcher } from '../../../../src/generated/types/envoy/type/matcher/v3/ValueMatcher.js';
import { nodeTest } from '../../../../src/xds/csds/node-matcher.js';
import { UNKNOWN_NODE } from '../../../../src/xds/node.js';

const node = {
  ...UNKNOWN_NODE,
  id: 'edge-7',
  metadata: { env: { name: 'prod' }, canary: true, gone: null, shard: 3 },
};
const matches = (...matchers: readonly NodeMatcher[]) => nodeTest(matchers)?.(node);
const at = (path: readonly string[], value: ValueMatcher): NodeMatcher => ({
  node_metadatas: [{ path: path.map((key) => ({ key })), value }],
});

test('without matchers every node matches', () => {
  expect(matches()).toBe(true);
});

describe('the id of a node', () => {
  test.each([
    [{ exact: 'edge-7' }, true],
    [{ exact: 'edge-' }, false],
    [{ exact: '' }, false],
    [{ prefix: 'edge-' }, true],
    [{ prefix: '7' }, false],
    [{ suffix: '-7' }, true],
    [{ suffix: 'edge' }, false],
    [{ contains: 'ge-' }, true],
    [{ contains: 'x' }, false],
    [{ exact: 'EDGE-7' }, false],
    [{ exact: 'EDGE-7', ignore_case: true }, true],
    [{ prefix: 'EDGE', ignore_case: true }, true],
  ])('%j: %s', (node_id, expected) => {
    expect(matches({ node_id })).toBe(expected);
  });
});

describe('the metadata of a node', () => {
  test.each<[NodeMatcher, boolean]>([
    [at(['env', 'name'], { string_match: { prefix: 'pr' } }), true],
    [at(['env', 'name'], { string_match: { exact: 'test' } }), false],
    [at(['env', 'toString'], { present_match: true }), false],
    [at(['canary'], { bool_match: true }), true],
    [at(['canary'], { bool_match: false }), false],
    [at(['shard'], { double_match: { exact: 3 } }), true],
    [at(['shard'], { string_match: { exact: '3' } }), false],
    [at(['gone'], { null_match: {} }), true],
    [at(['none'], { null_match: {} }), false],
    [at(['none'], { present_match: false }), true],
  ])('%j: %s', (matcher, expected) => {
    expect(matches(matcher)).toBe(expected);
  });
});

test('one of several matchers is enough, all of one must hold', () => {
  const wrong = { node_id: { exact: 'other' } };
  expect(matches(wrong, { node_id: { exact: 'edge-7' } })).toBe(true);
  expect(matches({ ...wrong, ...at(['canary'], { bool_match: true }) })).toBe(false);
});

test.each<[NodeMatcher]>([
  [{ node_id: { safe_regex: { regex: '.*' } } }],
  [{ node_id: {} }],
  [at(['shard'], { double_match: { range: { start: 1, end: 5 } } })],
  [{ node_metadatas: [{ path: [{ key: 'a' }] }] }],
])('%j is not supported', (matcher) => {
  expect(nodeTest([{ node_id: { exact: 'edge-7' } }, matcher])).toBeUndefined();
});
