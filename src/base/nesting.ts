/**
 * Whether data is nested deeper than `most` levels. A scalar has no level, `[]` and `{}` have one, `[[]]` has two. It
 * does not recurse, and it stops at the first part that is too deep, so that data that contain themselves end it too.
 */
export function isDeeperThan(value: unknown, most: number): boolean {
  if (!isContainer(value)) return false;
  if (most < 1) return true;
  const containers: object[] = [value];
  const levels = [1];
  for (let next = containers.pop(); next !== undefined; next = containers.pop()) {
    const level = (levels.pop() ?? 0) + 1;
    for (const part of partsOf(next)) {
      if (!isContainer(part)) continue;
      if (level > most) return true;
      containers.push(part);
      levels.push(level);
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}`: their codes differ from each other in one bit, which no other character shares. */
const BRACE_BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Whether a JSON text is nested deeper than `most` levels, found without parsing it. Of a text that is no JSON it says
 * how deep its brackets are outside of what looks like strings.
 */
export function isTextDeeperThan(text: string, most: number): boolean {
  let level = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at + 1);
    } else if ((code | BRACE_BIT) === OPEN) {
      level += 1;
      if (level > most) return true;
    } else if ((code | BRACE_BIT) === CLOSE) {
      level -= 1;
    }
  }
  return false;
}

/** Where the quote stands that ends the string, or the end of the text. Most of a text is strings: they are not walked. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let start = quote;
    while (start > from && text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
    if ((quote - start) % 2 === 0) return quote;
  }
  return text.length;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function partsOf(container: object): readonly unknown[] {
  return Array.isArray(container) ? container : Object.values(container);
}
