import { expect, test, vi } from 'vitest';
import { readFileService } from '../../../../src/discovery/file/file-instance.js';
import { parseServiceFile } from '../../../../src/discovery/file/service-file.js';

test('YAML and JSON of the same services read the same', () => {
  const yaml = parseServiceFile('services:\n  web:\n    - { host: 127.0.0.1, port: 80 }\n  none:\n');
  const json = parseServiceFile('{\n\t"services": {"web": [{"host":"127.0.0.1","port":80}], "none": []}}');
  expect(yaml).toEqual(json);
  expect(yaml.services?.get('web')?.items).toEqual([{ host: '127.0.0.1', port: 80 }]);
});

test.each([
  ['an empty file', '', /^line 1, column 1: expected a map/],
  ['a list', '- a\n', /^line 1, column 1: expected a map/],
  ['broken YAML', 'services:\n  a: [\n', /^line 3, column 1: /],
  ['broken JSON', '{"services": {"a": [}}', /^line 1, column \d+: /],
  [
    'a wrong list in JSON',
    '{\n  "services": {\n    "a": {} } }',
    /^line 3, column 10: service "a" must be a list/,
  ],
  [
    'a key that an instance has twice',
    'services:\n  a: [{ host: x, host: y }]\n',
    /^line 2, column 18: Map keys/,
  ],
  ['a name that comes twice', 'services:\n  a: []\n  a: []\n', /^line 3, column 3: Map keys must be unique/],
  [
    'an unknown key',
    'services: {}\nservice: {}\n',
    /^line 2, column 10: unknown key "service", did you mean "services"\?$/,
  ],
  ['a key that is missing', '{}', /^line 1, column 1: the key "services" is missing$/],
  ['services that are no map', 'services:\n  - a\n', /^line 2, column 3: "services" must be a map/],
  [
    'a service that is no list',
    'services:\n  a:\n    host: x\n',
    /^line 3, column 5: service "a" must be a list/,
  ],
  ['an alias of nothing', 'services:\n  a: [ *none ]\n', /^line 2, column 8: /],
])('%s is an error with line and column', (_, text, message) => {
  expect(parseServiceFile(text)).toEqual({ error: expect.stringMatching(message) });
});

test.each([
  ['a list without an end', '&a [ *a ]'],
  ['an item without an end', '[ &a { host: 10.0.0.1, port: 80, metadata: *a } ]'],
  ['brackets', `[ { host: 10.0.0.1, port: 80, metadata: { a: ${'['.repeat(5_000)}${']'.repeat(5_000)} } } ]`],
  [
    'indentation',
    `\n  - host: 10.0.0.1\n    port: 80\n    metadata:\n      a:\n       ${' -'.repeat(5_000)} b`,
  ],
  [
    'lines',
    `\n  - host: 10.0.0.1\n    port: 80\n    metadata:\n${Array.from({ length: 500 }, (_, level) => `${' '.repeat(6 + level)}a:`).join('\n')}`,
  ],
])('an entry that is too deep costs itself alone: %s', (_, list) => {
  const { services, error } = parseServiceFile(
    `services:\n  good: [{ host: 10.0.0.2, port: 80 }]\n  bad: ${list}\n  also: [{ host: 10.0.0.3, port: 80 }]\n`,
  );
  expect(error).toBeUndefined();
  const read = (name: string) => readFileService(services?.get(name)?.items ?? [], 1);
  expect(read('good').instances).toHaveLength(1);
  expect(read('also').instances).toHaveLength(1);
  expect(read('bad')).toEqual({
    instances: [],
    filtered: [
      {
        address: expect.any(String),
        reason: 'bad_value',
        detail: 'the entry is nested deeper than 32 levels',
      },
    ],
  });
});

test('a key that is a list is a name, and nothing is said past the log', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    const { services } = parseServiceFile('services:\n  ? [1]\n  : []\n');
    expect([...(services?.keys() ?? [])]).toEqual(['[ 1 ]']);
    expect(warned).not.toHaveBeenCalled();
  } finally {
    warned.mockRestore();
  }
});

test('JSON that is far deeper than an item may be is not parsed', () => {
  const deep = (levels: number) => `{ "services": ${'['.repeat(levels)}${']'.repeat(levels)} }`;
  expect(parseServiceFile(deep(200_001))).toEqual({ error: 'nested deeper than 200000 levels' });
  expect(parseServiceFile(deep(100_000))).toEqual({ error: '"services" must be a map of names to lists' });
});
