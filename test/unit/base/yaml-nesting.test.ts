import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { isDeeperThan } from '../../../src/base/nesting.js';
import { deepYamlParts, withoutDeepYaml } from '../../../src/base/yaml-nesting.js';

test.each([
  ['a: [b, [c, d], e]', 2, 'a: [b, ~     , e]'],
  ['a: [b, {c: [d]}]\nz: {y: [x]}', 2, 'a: [b, ~       ]\nz: {y: ~  }'],
  ['a:\n  b:\n    c: 1\n    d: 2\n  e: 3\n', 2, 'a:\n  b:\n    ~   \n        \n  e: 3\n'],
  ['- - - - a\n- b\n', 2, '- - ~    \n- b\n'],
  ['? ? ? a\n: b\n', 2, '? ? ~  \n: b\n'],
  ['a: b: c: d: e', 2, 'a: b: ~      '],
  ['a:\n- b:\n  - c\n- d\n', 2, 'a:\n- b:\n  - c\n- d\n'],
  ['a:\n  - "[[[": ]]]\n    # [[[[\n    t: |\n      [[[[\n      - - - -\n    u: x[y]\n', 3, undefined],
  ["a: 'it''s [' \nb: \"\\\"[\"\nc: d[0] # [[\n", 1, undefined],
  ['a: [\n  b,\n  [\n    c\n  ]\n]\nd: e\n', 2, 'a: [\n  b,\n  ~\n     \n   \n]\nd: e\n'],
  ['a: [[[[\nb: c\n', 2, 'a: [~  \nb: c\n'],
  ['---\n- - - a\n---\n- - - b\n', 2, '---\n- - ~  \n---\n- - ~  \n'],
  ['&a a: &b\n  &c b: *x : *y\n', 3, undefined],
])('%j of more than %i levels', (text, most, kept = text) => {
  expect(withoutDeepYaml(text, most)).toBe(kept);
});

test.each(['[', '{a: ', '- ', '? ', 'a: ', '[- ', '{[', '&a [', '!t {'])(
  'twenty thousand times %j is one part',
  (repeated) => {
    const text = repeated.repeat(20_000);
    expect(deepYamlParts(text)).toEqual([{ from: expect.any(Number), to: text.length }]);
    expect(withoutDeepYaml(text).trimEnd().length).toBeLessThan(1_000);
  },
);

const value = fc.jsonValue({
  maxDepth: 7,
  stringUnit: fc.constantFrom('a', '[', '{', '-', ' ', ':', '#', '"', "'"),
});
const collectionStyle = fc.constantFrom<('flow' | 'block' | 'any')[]>('flow', 'block', 'any');

test('what is left is no deeper, and what is not too deep is left alone', () => {
  fc.assert(
    fc.property(value, collectionStyle, fc.integer({ min: 2, max: 9 }), (data, style, most) => {
      const text = stringify(data, { collectionStyle: style });
      const kept = withoutDeepYaml(text, most);
      expect(kept.length).toBe(text.length);
      if (!isDeeperThan(data, most)) expect(kept).toBe(text);
      // A list may stand at the column of the key that it belongs to.
      expect(isDeeperThan(parse(kept), 2 * most)).toBe(false);
      expect(withoutDeepYaml(kept, most)).toBe(kept);
    }),
  );
});
