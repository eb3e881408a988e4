import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';
import {
  type Block,
  blocksOf,
  documentationPages,
  inRepository,
  placeOf,
  readPage,
} from '../../support/docs/block.js';
import { problemsOf } from '../../support/docs/configuration.js';
import { ELSEWHERE, isThis } from '../../support/docs/elsewhere.js';
import { printsAs } from '../../support/docs/expected-output.js';
import { misuses } from '../../support/docs/kind.js';
import { remarksOnKeys } from '../../support/docs/registry-keys.js';

const pages = documentationPages().map((page) => ({ page, blocks: blocksOf(page, readPage(page)) }));
const all = pages.flatMap(({ blocks }) => blocks);
const one = (info: string, text = '', page = 'docs/x.md'): Block => {
  const [block] = blocksOf(page, `\`\`\`${info}\n${text}\n\`\`\`\n`);
  if (block === undefined) throw new Error('no block');
  return block;
};

test('every block says what it is, and so what checks it', () => {
  expect(all.length).toBeGreaterThan(50);
  expect(pages.flatMap(({ blocks }) => misuses(blocks))).toEqual([]);
});

test('every configuration is valid', { timeout: 60_000 }, () => {
  const configurations = all.filter(({ language, options }) => language === 'yaml' && !options.has('of'));
  expect(configurations.length).toBeGreaterThan(20);
  expect(
    configurations.flatMap((block) => problemsOf(block).map((problem) => `${placeOf(block)}: ${problem}`)),
  ).toEqual([]);
});

test('every JSON parses', () => {
  for (const block of all.filter(({ language }) => language === 'json'))
    expect(() => JSON.parse(block.text), placeOf(block)).not.toThrow();
});

test('keys of registries are instances without a remark', () => {
  const listed = all.filter(({ options }) => options.has('keys'));
  expect(listed.map((block) => block.options.get('keys')).sort()).toEqual(['consul_kv', 'etcd']);
  expect(listed.flatMap(remarksOnKeys)).toEqual([]);
  expect(remarksOnKeys(one('text keys=etcd', '/services/a/nowhere  {}'))).toHaveLength(1);
  expect(remarksOnKeys(one('text keys=consul_kv', 'upstreams/a/10.0.0.1:80  {"weight": "x"}'))).toHaveLength(
    1,
  );
});

test("Apache APISIX's documents are carried over", () => {
  const documents = all.filter(({ options }) => options.get('of') === 'apisix');
  expect(documents).not.toEqual([]);
  for (const block of documents) {
    const table = new ApisixTable('/apisix/');
    table.change('routes/1', block.text);
    expect([...table.take().routes.values()], placeOf(block)).toMatchObject([{ rules: [{}] }]);
  }
});

test('what no test of the pages runs is still there, and so is what runs it in their place', () => {
  for (const entry of ELSEWHERE) {
    const { length } = all.filter((block) => isThis(entry, block));
    const isThere = entry.begins === undefined ? length > 0 : length === 1;
    expect(isThere, `${entry.page}: ${entry.begins ?? 'all commands'}`).toBe(true);
    if (entry.test !== undefined) expect(existsSync(inRepository(entry.test)), entry.test).toBe(true);
  }
});

describe('a block is refused', () => {
  test.each([
    ['', 'no class'],
    ['bash', 'no class'],
    ['sh', undefined],
    ['sh later', 'no option "later"'],
    ['sh needs=consul,oracle', 'no "oracle"'],
    ['sh background', '"background" and "until=URL"'],
    ['sh in=home', 'in=repository'],
    ['yaml of=nginx', 'nothing checks "nginx"'],
    ['console', 'right after'],
  ])('%j', (info, reason) => {
    const said = misuses([one(info)]).join();
    if (reason === undefined) expect(said).toBe('');
    else expect(said).toContain(reason);
  });

  test.each([
    ['yaml', 'listners: []', 'listners'],
    ['yaml', 'routes: [{ match: { prefix: / }, service_name: a }]', undefined],
    ['yaml', 'discovery: { etcd: { weight: 2 } }', undefined],
    ['yaml', 'services: { a: { sources: [{ registry: nacos, service: b }] } }', undefined],
    ['yaml', 'discovery: { etcd: { weigth: 2 } }', 'weigth'],
    ['yaml', 'discovery: { etcd: { sort_type: origin } }', 'sort_type'],
    ['yaml warns', 'discovery: { etcd: { sort_type: origin } }', undefined],
    ['yaml warns', 'discovery: { etcd: {} }', 'nothing is warned of'],
    ['yaml invalid', 'discovery: { etcd: {} }', 'nothing wrong'],
    ['yaml services', 'services: { a: [{ host: h, port: 1 }] }', undefined],
    ['yaml services', 'services: { a: 1 }', 'a'],
    ['yaml at=listener', 'tls: { certificates: [{ cert: a, key: b }] }', undefined],
    ['yaml at=listener', 'tls: { certificates: [{ crt: a, key: b }] }', 'crt'],
  ])('%s: %s', (info, text, reason) => {
    const said = problemsOf(one(info, text)).join();
    if (reason === undefined) expect(said).toBe('');
    else expect(said).toContain(reason);
  });
});

test('what is printed is compared line by line', () => {
  expect(printsAs('a  b 12 ms\nc\n', 'a b … ms\nc\n')).toBe(true);
  expect(printsAs('a\nb\n', 'a\n')).toBe(false);
  expect(printsAs('a.c\n', 'a?c\n')).toBe(false);
});
