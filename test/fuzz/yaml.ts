import fc from 'fast-check';
import { parseYaml, parseYamlWithoutDeep, YAML_NESTING } from '../../src/base/bounded-yaml.js';
import { type FuzzTarget, target } from './target.js';

const token = fc.constantFrom(
  ...['[', ']', '{', '}', '- ', '? ', ': ', 'a: ', 'a', ',', '"', "'", '#', '&a ', '*a', '!t ', '"b": '],
  ...[
    '\n',
    '\n ',
    '\n  ',
    '\n    ',
    '\t',
    'a:\n',
    '|\n',
    '>-\n  ',
    '---\n',
    '...\n',
    '%x\n',
    '\r\n',
    '\ufeff',
  ],
);
const times = fc.oneof(
  { weight: 40, arbitrary: fc.constant(1) },
  { weight: 4, arbitrary: fc.integer({ min: 2, max: 100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 500, max: 1_000 }) },
);
/** Each of them repeated, or all of them as a whole. */
const text = fc.oneof(
  fc
    .array(fc.tuple(token, times), { maxLength: 20 })
    .map((parts) => parts.map(([part, count]) => part.repeat(count)).join('')),
  fc.tuple(fc.array(token, { maxLength: 5 }), times).map(([parts, count]) => parts.join('').repeat(count)),
);

/** Texts of YAML's own tokens, of which hardly any is YAML. */
export const YAML: readonly FuzzTarget[] = [
  target('YAML by its tokens', text, (yaml) => {
    const { deep = [] } = parseYaml(yaml);
    for (const [index, { from, to }] of deep.entries())
      if (from >= to || to > yaml.length || from < (deep[index - 1]?.to ?? 0))
        throw new Error('parts in disorder');
    const { document } = parseYamlWithoutDeep(yaml, { uniqueKeys: false, logLevel: 'silent' });
    const tooDeep = document?.errors.find(({ message }) => message.includes('call stack'));
    if (tooDeep !== undefined) throw new Error(`deeper than ${YAML_NESTING} levels: ${tooDeep.message}`);
  }),
];
