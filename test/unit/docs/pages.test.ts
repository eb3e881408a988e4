import { describe, expect, test } from 'vitest';
import { blocksOf, documentationPages, readPage } from '../../support/docs/block.js';
import { isElsewhere } from '../../support/docs/elsewhere.js';
import { unknownCalls, unknownCommands } from '../../support/docs/inline-commands.js';
import { brokenLinks, linkedPages } from '../../support/docs/links.js';
import { PagePorts } from '../../support/docs/page-ports.js';
import { runnablePages } from '../../support/docs/page-run.js';

const pages = documentationPages();
const repository = ['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

test.each([...pages, ...repository])('%s: every link leads somewhere, every command exists', (page) => {
  expect(brokenLinks(page)).toEqual([]);
  expect(unknownCommands(readPage(page))).toEqual([]);
});

test('a link or a command that does not exist is found', () => {
  const links = '[a](xds.md#limits) [b](xds.md#none) [c](none.md) [d](https://example.com) [e](../README.md)';
  expect(brokenLinks('docs/x.md', links)).toEqual(['xds.md#none', 'none.md']);
  const mentions = '`signalbox top --once` `signalbox tap` `signalbox top --twice` `signalbox status|unpin`';
  expect(unknownCommands(mentions)).toEqual(['signalbox tap', 'signalbox top --twice']);
});

test('commands that no test of the pages runs have options that exist', () => {
  const calls = pages
    .flatMap((page) => blocksOf(page, readPage(page)))
    .filter(isElsewhere)
    .map(({ text }) => text);
  expect(calls.join('')).toContain('signalbox relay ');
  expect(calls.flatMap(unknownCalls)).toEqual([]);
  expect(unknownCalls('signalbox relay \\\n  --upstraem a\n')).toHaveLength(1);
});

test('docs/README.md lists every page', () => {
  const listed = linkedPages('docs/README.md');
  expect(
    pages.filter((page) => page !== 'README.md' && page !== 'docs/README.md' && !listed.has(page)),
  ).toEqual([]);
});

test('README.md is short, and links the documentation', () => {
  const readme = readPage('README.md');
  expect(readme.split('\n').length).toBeLessThan(150);
  for (const page of ['README', 'quick-start', 'configuration', 'how-it-works', 'coming-from-apisix'])
    expect(readme).toContain(`docs/${page}.md`);
});

test('there are pages to run with real servers, and without', () => {
  const needy = runnablePages().map(({ needs }) => needs.size > 0);
  expect([needy.includes(true), needy.includes(false)]).toEqual([true, true]);
});

describe('the ports of a page', () => {
  const blocks = blocksOf(
    'docs/x.md',
    '```sh\ncurl 127.0.0.1:10080/8500 10.0.0.1:9200 && x 8500\n```\n```yaml\na: { host: 127.0.0.1, port: 8081 }\n```\n',
  );

  test('are replaced wherever they stand, and put back in what is printed', async () => {
    const ports = await PagePorts.of(blocks, new Map([[8500, 12_345]]));
    const [commands = '', yaml = ''] = blocks.map(({ text }) => ports.in(text));
    const [first, second] = [ports.of(10_080), ports.of(8081)];
    expect(first).not.toBe(10_080);
    expect(commands).toBe(`curl 127.0.0.1:${first}/12345 10.0.0.1:9200 && x 12345\n`);
    expect(yaml).toContain(`port: ${second} }`);
    expect(ports.back(commands)).toBe(blocks[0]?.text);
    expect(ports.in('18000')).toBe(String(ports.of(18_000)));
  });
});
