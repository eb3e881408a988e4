import { describe, expect, it } from 'vitest';
import { MOST_PRINTED, printable, printableJson, printableLines } from '../../../src/base/printable.js';

/** One of each kind that steers a terminal, an editor or a browser. */
const STEERING = [
  '\u0000',
  '\u0007',
  '\t',
  '\n',
  '\r',
  '\u001b',
  '\u007f',
  '\u0085',
  '\u009b',
  '\u00ad',
  '\u061c',
  '\u200b',
  '\u200f',
  '\u2028',
  '\u2029',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\ud800',
  '\udfff',
  '\u{e0041}',
];

describe('printable', () => {
  it.each(STEERING)('replaces %j', (character) => {
    expect(printable(`a${character}b`)).toBe('a b');
  });

  it('makes one space of a run', () => {
    expect(printable('red:\u001b\u009b31m\r\n\tend\n')).toBe('red: 31m end');
  });

  it('keeps what is only uncommon', () => {
    const text = 'Zürich 北京 κόσμος 👩 […] "quoted" \\n';
    expect(printable(text)).toBe(text);
  });

  it('is bounded', () => {
    expect(printable('x'.repeat(MOST_PRINTED))).toHaveLength(MOST_PRINTED);
    const long = printable('x'.repeat(10_000_000));
    expect(long).toHaveLength(MOST_PRINTED);
    expect(long.endsWith('x…')).toBe(true);
    expect(printable('abcdef', 4)).toBe('abc…');
  });

  it('leaves no half of a character where it cuts', () => {
    expect(printable('ab👩👩', 4)).toBe('ab …');
  });
});

describe('printableLines', () => {
  it('keeps the ends of lines alone', () => {
    expect(printableLines('one\ntwo \u001b[2J\r\n\u202ethree\n')).toBe('one\ntwo  [2J \n three\n');
  });
});

describe('printableJson', () => {
  it('says the same with escapes', () => {
    const value = { text: STEERING.join('|') };
    for (const json of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      const printed = printableJson(json);
      expect(JSON.parse(printed)).toEqual(value);
      expect(printed).toMatch(/^[\n\x20-\x7e]+$/);
    }
  });
});
