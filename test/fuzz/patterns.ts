import fc from 'fast-check';
import { globMatcher } from '../../src/base/glob.js';
import { nearest } from '../../src/base/nearest.js';
import { regexRefusal } from '../../src/resources/route/refusal.js';
import { mentionedIn } from '../../src/xds/mentions.js';
import { type FuzzTarget, target } from './target.js';

/** Few letters, so that parts of patterns stand in names often. */
const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
const part = fc.oneof(letters, fc.constantFrom('*', '*', '**', '.', '\n', '\\', '(', 'é', '\ud800'));
const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
/** Long, and with many stars. */
const many = fc
  .tuple(part, fc.integer({ min: 1, max: 200 }), part)
  .map(([repeated, times, end]) => repeated.repeat(times) + end);
const pattern = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: many });

/** By the meaning of a pattern alone: which beginnings of the name its beginnings match. */
function reference(glob: string, name: string): boolean {
  let reached = [true, ...Array.from({ length: name.length }, () => false)];
  for (let at = 0; at < glob.length; at += 1) {
    const letter = glob[at];
    const star = letter === '*';
    let before = false;
    reached = reached.map((here, index) => {
      before = star ? before || here : (reached[index - 1] ?? false) && name[index - 1] === letter;
      return before;
    });
  }
  return reached.at(-1) === true;
}

/** Microseconds of processor time that no case may take, however busy the machine. */
const MOST_CPU = 1_000_000;

function quickly<T>(work: () => T): T {
  const began = process.cpuUsage();
  const result = work();
  if (process.cpuUsage(began).user > MOST_CPU) throw new Error('it took more than a second');
  return result;
}

const words = fc.array(fc.oneof(letters, fc.constantFrom('-', ' ', ':', '')), { maxLength: 6 });
const message = words.map((parts) => parts.join(''));

/** Texts with a meaning that strangers and configurations give. */
export const PATTERNS: readonly FuzzTarget[] = [
  target('patterns with stars', fc.tuple(pattern, pattern), ([glob, name]) => {
    const expected = reference(glob, name);
    if (quickly(() => globMatcher([glob])(name)) !== expected) throw new Error(`expected ${expected}`);
  }),
  target(
    'regular expressions, by sign',
    fc.array(fc.constantFrom(...'a(){}[]|*+?\\pLQE1,0^:'), { maxLength: 60 }),
    (signs) => {
      quickly(() => regexRefusal(signs.join('')));
    },
  ),
  target('nearest names', fc.tuple(text, fc.array(text, { maxLength: 6 })), ([name, names]) => {
    const found = quickly(() => nearest(name, names, 2));
    if (found !== undefined && !names.includes(found)) throw new Error('a name that is not there');
    if (found !== name && names.includes(name)) throw new Error('not the name itself');
  }),
  target('names in messages', fc.tuple(message, fc.array(message, { maxLength: 6 })), ([said, names]) => {
    const found = quickly(() => mentionedIn(said, names));
    for (const name of names) {
      const escaped = name.replace(/[-]/g, '\\-');
      const expected = name !== '' && new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`).test(said);
      if (found.has(name) !== expected) throw new Error(`"${name}": expected ${expected}`);
    }
  }),
];
