const CHARACTER = String.raw`(?:\\.|.)`;
const TOKEN = new RegExp(
  [
    String.raw`\\[pP](?:\{[^}]*\}|.)`,
    String.raw`\\x(?:\{[^}]*\}|[0-9A-Fa-f]{2})`,
    String.raw`\\Q.*?(?:\\E|$)`,
    String.raw`\\.`,
    String.raw`\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]`,
    String.raw`\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:|[a-zA-Z-]*(?=\))))?`,
    String.raw`\{\d+(?:,\d*)?\}`,
    '.',
  ].join('|'),
  'gsu',
);
const RANGE = new RegExp(String.raw`\[:\^?\w+:\]|${CHARACTER}-${CHARACTER}|${CHARACTER}`, 'gsu');

/**
 * About how large RE2's program of a pattern is, which Envoy bounds: bytes of texts, ranges of classes, all times their
 * repetitions. Of a pattern that is no valid one it says anything.
 */
export function regexSize(pattern: string): number {
  const tokens = pattern.match(TOKEN) ?? [];
  const [size] = alternatives(tokens, 0);
  return size;
}

/** The size up to the end of a group, and where that is. */
function alternatives(tokens: readonly string[], from: number): readonly [size: number, end: number] {
  let done = 0;
  let before = '';
  let text = '';
  let sizes: number[] = [];
  let at = from;
  const close = () => {
    // Neighbours share what they begin with.
    done += Math.max(1, sum(sizes) - sharedLength(before, text));
    before = text;
    text = '';
    sizes = [];
  };
  for (; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (token === ')') break;
    if (token === '|') close();
    else if (token.startsWith('(')) {
      const [size, end] = alternatives(tokens, at + 1);
      sizes.push(token === '(' || token.includes('<') ? size + 2 : size);
      at = end;
    } else if (/^[*?+]$|^\{\d/.test(token)) {
      const last = sizes.pop() ?? 0;
      sizes.push(repeated(last, token));
    } else sizes.push(sizeOf(token));
    text += token;
  }
  close();
  return [done, at];
}

function repeated(size: number, token: string): number {
  if (token === '*' || token === '?') return size + 1;
  if (token === '+') return size + 2;
  const [, least = '0', comma, most = ''] = /^\{(\d+)(,)?(\d*)\}$/.exec(token) ?? [];
  if (comma === undefined) return size * Number(least);
  if (most === '') return size * Math.max(1, Number(least)) + 2;
  return size * Number(most) + (Number(most) - Number(least));
}

function sizeOf(token: string): number {
  if (token.startsWith('[')) return classSize(token);
  if (/^\\[pP]/.test(token)) return 7;
  if (/^\\[wWsS]$/.test(token)) return token === '\\W' ? 5 : 3;
  if (/^\\[bBAz]$/.test(token) || token === '^' || token === '$') return 1;
  if (token.startsWith('\\Q')) return Buffer.byteLength(token) - 4;
  if (token.startsWith('\\')) return 1;
  return token === '.' ? 2 : Buffer.byteLength(token);
}

function classSize(text: string): number {
  const ranges = text.slice(1, -1).match(RANGE) ?? [];
  return Math.max(1, ranges.length);
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
