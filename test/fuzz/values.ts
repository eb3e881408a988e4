import fc, { type Arbitrary } from 'fast-check';
import { nestedJson } from '../support/poison.js';

/** Values that software of this kind trips over. */
const AWKWARD: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 80, 65_535, 65_536, 1e21, 1e308, -1e308, 2 ** 53],
  ...[
    '',
    ' ',
    '0',
    '80',
    '-1',
    '1e999',
    'NaN',
    'true',
    'false',
    'UP',
    'up',
    'DOWN',
    '127.0.0.1',
    '::1',
    '[::1]',
  ],
  ...[
    '10.0.0.1:80',
    'host.example',
    'a'.repeat(300),
    '__proto__',
    'constructor',
    'é',
    '\u0000',
    '\ud800',
    '$',
    '%',
  ],
  ...[
    [],
    {},
    [null],
    [[]],
    { $: 80, '@enabled': 'true' },
    { $: null },
    { toString: null },
    { toString: 'x', valueOf: 1 },
    JSON.parse('{"__proto__":{"weight":1}}'),
  ],
];

const awkward = fc.constantFrom(...AWKWARD);

/** Mostly awkward, now and then anything that JSON can say. */
export const anything: Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: awkward },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.string() },
);

/** An object of this shape in which any field may be missing or anything at all. */
export function roughly(shape: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(shape).map(([key, value]) => [
      key,
      fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: anything }),
    ]),
  );
  const record = fc.record(fields, { requiredKeys: [] });
  return fc.oneof({ weight: 12, arbitrary: record }, { weight: 1, arbitrary: anything });
}

/** A list of these; now and then something else. */
export function list(of: Arbitrary<unknown>, maxLength = 4): Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fc.array(of, { maxLength }) }, { weight: 1, arbitrary: anything });
}

/** The JSON of these values, broken or poisoned now and then. */
export function jsonOf(values: Arbitrary<unknown>): Arbitrary<string> {
  return damaged(poisoned(values.map((value) => JSON.stringify(value) ?? '')));
}

const nestedLists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

/** JSON that is hard to digest, some of which no value can say, by how it is called. */
const POISON = {
  ...{ 'objects 31': nestedJson(31), 'objects 70': nestedJson(70), 'objects 6000': nestedJson(6_000) },
  ...{ 'lists 33': nestedLists(33), 'lists 9000': nestedLists(9_000) },
  ...{ '300 KiB': JSON.stringify('x'.repeat(300 * 1024)), 'no number': '1e999', 'minus zero': '-0' },
  ...{ 'huge number': `1${'0'.repeat(300)}`, 'half a pair': String.raw`"\ud800"`, NUL: String.raw`"\u0000"` },
  'odd keys': '{"__proto__":{"a":1},"toString":1,"constructor":{"prototype":1}}',
} as const;

const poison = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom('objects 31', 'lists 33', 'objects 70') },
  { weight: 60, arbitrary: fc.constantFrom('no number', 'minus zero', 'huge number') },
  { weight: 60, arbitrary: fc.constantFrom('half a pair', 'NUL', 'odd keys') },
  { weight: 20, arbitrary: fc.constantFrom('objects 6000', 'lists 9000') },
  { weight: 1, arbitrary: fc.constant('300 KiB') },
) as Arbitrary<keyof typeof POISON>;

/** A value in JSON that is no key. */
const VALUE = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null|\{\}|\[\]/g;

/** JSON with something else in place of one of its values, now and then. */
export function poisoned(texts: Arbitrary<string>): Arbitrary<string> {
  const which = fc.oneof(
    { weight: 7, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.tuple(poison, fc.nat()) },
  );
  return fc.tuple(texts, which).map(([text, chosen]) => {
    if (chosen === undefined) return text;
    const places = [...text.matchAll(VALUE)];
    const place = places[chosen[1] % places.length];
    if (place === undefined) return POISON[chosen[0]];
    return text.slice(0, place.index) + POISON[chosen[0]] + text.slice(place.index + place[0].length);
  });
}

/** A text as it is, or cut off, or with something else in the middle. */
export function damaged(texts: Arbitrary<string>): Arbitrary<string> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  return fc
    .tuple(texts, fc.constantFrom('whole', 'whole', 'whole', 'cut', 'patched'), place, fc.string())
    .map(([text, how, where, patch]) => {
      const at = Math.floor(where * text.length);
      if (how === 'whole') return text;
      return how === 'cut' ? text.slice(0, at) : text.slice(0, at) + patch + text.slice(at + patch.length);
    });
}

/** YAML with something nested deep in it: brackets, indicators or lines, in one of a few ways at a time. */
export function deepened(texts: Arbitrary<string>): Arbitrary<string> {
  const opening = fc.constantFrom('[', '{a: ', '- ', '? ', 'a: ', '&a [', '!t {', '\n');
  const levels = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 120 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 2_000 }) },
  );
  return fc.tuple(texts, opening, levels, fc.nat()).map(([text, open, count, where]) => {
    const deep =
      open === '\n'
        ? Array.from({ length: Math.min(count, 120) }, (_, level) => `\n${' '.repeat(9 + level)}a:`).join('')
        : `\n         ${open.repeat(count)}`;
    // After a colon it is a value, as often as not.
    const places = [...text.matchAll(/:(?=\s)/g)];
    const at = (places[where % Math.max(1, places.length)]?.index ?? -1) + 1;
    return text.slice(0, at) + deep + text.slice(at);
  });
}

/** Bytes as they are, or cut off, or with some of them changed. */
export function damagedBytes(of: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(of, fc.array(change, { maxLength: 4 }), fc.constantFrom(0, 0, 0, 1), fc.nat())
    .map(([bytes, changes, cut, at]) => {
      const copy = Uint8Array.from(cut === 1 ? bytes.subarray(0, at % (bytes.length + 1)) : bytes);
      if (copy.length > 0) for (const [where, value] of changes) copy[where % copy.length] = value;
      return copy;
    });
}
