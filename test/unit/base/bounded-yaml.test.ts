import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, parseDocument, stringify } from 'yaml';
import { parseYaml, parseYamlWithoutDeep, withoutParts } from '../../../src/base/bounded-yaml.js';
import { isDeeperThan } from '../../../src/base/nesting.js';

function withoutDeep(text: string, most: number): string {
  const { deep = [] } = parseYaml(text, {}, most);
  return withoutParts(text, deep);
}

test.each([
  ['a: [b, [c, d], e]', 2, 'a: [b, ~     , e]'],
  ['a: [b, {c: [d]}]\nz: {y: [x]}', 2, 'a: [b, ~       ]\nz: {y: ~  }'],
  ['a:\n  b:\n    c: 1\n    d: 2\n  e: 3\n', 2, 'a:\n  b:\n    ~   \n        \n  e: 3\n'],
  ['- - - - a\n- b\n', 2, '- - ~    \n- b\n'],
  ['? ? ? a\n: b\n', 2, '? ? ~  \n: b\n'],
  ['a: b: c: d: e', 2, 'a: b: ~      '],
  ['a:\n- b:\n  - c\n- d\n', 4, undefined],
  ['a:\n- b:\n  - c\n- d\n', 3, 'a:\n- b:\n  ~  \n- d\n'],
  ['a:\n  - "[[[": ]]]\n    # [[[[\n    t: |\n      [[[[\n      - - - -\n    u: x[y]\n', 3, undefined],
  ["a: 'it''s [' \nb: \"\\\"[\"\nc: d[0] # [[\n", 1, undefined],
  ['a: [\n  b,\n  [\n    c\n  ]\n]\nd: e\n', 2, 'a: [\n  b,\n  ~\n     \n   \n]\nd: e\n'],
  ['a: [[[[\nb: c\n', 2, 'a: [~  \nb: c\n'],
  ['---\n- - - a\n---\n- - - b\n', 2, '---\n- - ~  \n---\n- - ~  \n'],
  ['&a a: &b\n  &c b: *x\n  *y : {a: b, [c]: d}\n', 4, undefined],
  ['[a,\n  - - - b]\n- c\n', 2, '[a,\n  - ~    ]\n- c\n'],
  [
    'a:\n  b:\n    c: |+\n        \n\n    d: >\n     e\nf: g\n',
    2,
    'a:\n  b:\n    ~    \n        \n\n        \n      \nf: g\n',
  ],
  ["{a: b, ? c : d, 'e': [f]}", 2, undefined],
])('%j of more than %i levels', (text, most, kept = text) => {
  expect(withoutDeep(text, most)).toBe(kept);
});

test.each([
  ...['[', '{a: ', '- ', '? ', 'a: ', '[- ', '{[', '&a [', '!t {', ': ', '[a: ', '{? - : '],
  ...['\n a: : ', '\n  &a ? a: ', '\n- - a', '"a": '],
])('twenty thousand times %j is no work for what is recursive', (repeated) => {
  const text = `a:\n  ${repeated.repeat(20_000)}`;
  const { document, deep } = parseYamlWithoutDeep(text);
  const errors = document?.errors.map(({ message }) => message) ?? [];
  expect([...errors, deep === undefined ? '' : 'deep'].join()).not.toContain('call stack');
});

test('what is not too deep is read as by the library itself', () => {
  for (const text of ['', 'a: [b', 'a: 1\n---\nb: 2\n', '%YAML 1.2\n---\na: &x b\nc: *x\n', '\ufeffa: b']) {
    const { document, lines } = parseYaml(text, { uniqueKeys: false });
    const theirs = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
    expect(document?.errors.map(({ code, pos }) => [code, pos])).toEqual(
      theirs.errors.map(({ code, pos }) => [code, pos]),
    );
    expect(document?.toJS()).toEqual(theirs.toJS());
    expect(lines?.linePos(text.length).line).toBe(text.split('\n').length);
  }
});

const value = fc.jsonValue({
  maxDepth: 7,
  stringUnit: fc.constantFrom('a', '[', '{', '-', ' ', ':', '#', '"', "'"),
});
const collectionStyle = fc.constantFrom<('flow' | 'block' | 'any')[]>('flow', 'block', 'any');

test('what is left is no deeper, and what is not too deep is left alone', () => {
  fc.assert(
    fc.property(value, collectionStyle, fc.integer({ min: 2, max: 9 }), (data, style, most) => {
      const text = stringify(data, { collectionStyle: style });
      const kept = withoutDeep(text, most);
      expect(kept.length).toBe(text.length);
      if (!isDeeperThan(data, most)) expect(kept).toBe(text);
      expect(isDeeperThan(parse(kept), most)).toBe(false);
      expect(withoutDeep(kept, most)).toBe(kept);
    }),
  );
});
