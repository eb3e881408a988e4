/** What an entry of a registry says beside its address: both as JSON, since some of it no value can say. */
export interface PoisonEntry {
  readonly weight: string;
  readonly metadata: string;
}

export interface Poison extends PoisonEntry {
  readonly name: string;
  /** What becomes of the entry: its reason, or that it is served, which is up to the registry here and there. */
  readonly becomes: { readonly filtered: string; readonly detail: RegExp } | 'served' | 'either';
}

/** `{"a":{"a":…}}` of so many levels. */
export function nestedJson(levels: number): string {
  return `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
}

const fine: PoisonEntry = { weight: '1', metadata: '{}' };
const tooDeep = { filtered: 'bad_value', detail: /nested deeper than 32 levels/ };
const badUnicode = { filtered: 'bad_value', detail: /half of a surrogate pair/ };

/** Entries that registries take and that are hard to digest. */
export const POISON: readonly Poison[] = [
  { ...fine, name: 'metadata of 5,000 levels', metadata: nestedJson(5_000), becomes: tooDeep },
  { ...fine, name: 'metadata of 33 levels', metadata: nestedJson(33), becomes: tooDeep },
  {
    ...fine,
    name: 'lists of 100,000 levels',
    metadata: '['.repeat(1e5) + ']'.repeat(1e5),
    becomes: tooDeep,
  },
  {
    ...fine,
    name: 'a value of 300 KiB',
    metadata: `{"a":"${'x'.repeat(300 * 1024)}"}`,
    becomes: { filtered: 'bad_value', detail: /has \d{6} bytes, and 262144 is the most/ },
  },
  { ...fine, name: 'a lone surrogate', metadata: String.raw`{"a":"\ud800"}`, becomes: badUnicode },
  { ...fine, name: 'a lone surrogate in a key', metadata: String.raw`{"\udc00":"a"}`, becomes: badUnicode },
  { ...fine, name: 'NUL', metadata: String.raw`{"a":"\u0000","\u0000":"a"}`, becomes: 'served' },
  {
    ...fine,
    name: 'names of what every object has',
    metadata: '{"__proto__":{"a":1},"toString":null,"constructor":{"toString":1},"valueOf":[]}',
    becomes: 'served',
  },
  { weight: '{"toString":null}', metadata: '[]', name: 'a list for an object', becomes: 'either' },
  { weight: '[{"valueOf":1}]', metadata: '[[{"toString":1}]]', name: 'lists everywhere', becomes: 'either' },
  { ...fine, name: 'a weight beyond all numbers', weight: '1e999', becomes: 'served' },
  { ...fine, name: 'a huge weight', weight: `1${'0'.repeat(300)}`, becomes: 'served' },
  {
    ...fine,
    name: 'minus zero',
    weight: '-0',
    becomes: { filtered: 'weight_zero', detail: /./ },
  },
  { ...fine, name: 'numbers in metadata', metadata: '{"a":1e999,"b":-0,"zone":1e400}', becomes: 'served' },
];
