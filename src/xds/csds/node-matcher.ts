import type { NodeMatcher } from '../../generated/types/envoy/type/matcher/v3/NodeMatcher.js';
import type { StringMatcher } from '../../generated/types/envoy/type/matcher/v3/StringMatcher.js';
import type { StructMatcher } from '../../generated/types/envoy/type/matcher/v3/StructMatcher.js';
import type { ValueMatcher } from '../../generated/types/envoy/type/matcher/v3/ValueMatcher.js';
import type { ProxyNode } from '../node.js';

type Test<T> = (value: T) => boolean;

export const UNSUPPORTED_MATCHER =
  'node_matchers: supported are exact, prefix, suffix and contains for texts, and for metadata also bool_match, ' +
  'null_match, present_match and double_match.exact';

/**
 * Whether a node matches any of these; all nodes match where there are none.
 * @returns undefined where a matcher is of a kind that is not supported
 */
export function nodeTest(matchers: readonly NodeMatcher[]): Test<ProxyNode> | undefined {
  const tests = all(matchers.map(oneNodeTest));
  return tests && ((node) => tests.length === 0 || tests.some((test) => test(node)));
}

function oneNodeTest({ node_id, node_metadatas = [] }: NodeMatcher): Test<ProxyNode> | undefined {
  const id = node_id ? stringTest(node_id) : () => true;
  const metadata = all(node_metadatas.map(structTest));
  return id && metadata && ((node) => id(node.id) && metadata.every((test) => test(node.metadata)));
}

/** Regular expressions are not supported: what a stranger sends could keep the process busy. */
function stringTest({
  exact,
  prefix,
  suffix,
  contains,
  ignore_case,
}: StringMatcher): Test<string> | undefined {
  const fold = (text: string) => (ignore_case === true ? text.toLowerCase() : text);
  const folded = (part: string, test: (text: string, part: string) => boolean): Test<string> => {
    const wanted = fold(part);
    return (text) => test(fold(text), wanted);
  };
  if (exact !== undefined) return folded(exact, (text, wanted) => text === wanted);
  if (prefix !== undefined) return folded(prefix, (text, wanted) => text.startsWith(wanted));
  if (suffix !== undefined) return folded(suffix, (text, wanted) => text.endsWith(wanted));
  if (contains !== undefined) return folded(contains, (text, wanted) => text.includes(wanted));
  return undefined;
}

function structTest({ path = [], value }: StructMatcher): Test<ProxyNode['metadata']> | undefined {
  const test = value ? valueTest(value) : undefined;
  const keys = path.map(({ key }) => key ?? '');
  return test && ((metadata) => test(valueAt(metadata, keys)));
}

function valueAt(metadata: unknown, path: readonly string[]): unknown {
  let at = metadata;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}

function valueTest(matcher: ValueMatcher): Test<unknown> | undefined {
  const { string_match, bool_match, present_match, null_match, double_match } = matcher;
  if (string_match) {
    const test = stringTest(string_match);
    return test && ((value) => typeof value === 'string' && test(value));
  }
  if (bool_match !== undefined) return (value) => value === bool_match;
  if (present_match !== undefined) return (value) => (value !== undefined) === present_match;
  if (null_match) return (value) => value === null;
  const number = double_match?.exact;
  return number === undefined ? undefined : (value) => value === Number(number);
}

function all<T>(tests: readonly (Test<T> | undefined)[]): readonly Test<T>[] | undefined {
  const known = tests.filter((test) => test !== undefined);
  return known.length === tests.length ? known : undefined;
}
