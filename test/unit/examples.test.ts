import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toJson } from '../../src/protobuf/json.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { messageName, TYPE_URL } from '../../src/snapshot/type-url.js';
import { KEYS } from '../support/arbitrary-configuration.js';
import { EXAMPLES, exampleNames, readExample } from '../support/examples.js';
import { keysIn } from '../support/schema-arbitrary.js';

/** `npm run golden` writes what is here compared. */
const UPDATE = process.env.SIGNALBOX_GOLDEN === 'update';
const README = join(EXAMPLES, 'README.md');
const examples = exampleNames().map((name) => readExample(name));

function goldenOf(resources: readonly Resource[]): string {
  const byType = Object.entries(TYPE_URL).map(([kind, typeUrl]) => [
    kind,
    resources
      .filter((resource) => resource.typeUrl === typeUrl)
      .map(({ body }) => toJson(messageName(typeUrl), body)),
  ]);
  const said = byType.filter(([, list]) => list !== undefined && list.length > 0);
  return `${JSON.stringify(Object.fromEntries(said), null, 2)}\n`;
}

function compare(file: string, text: string): void {
  if (UPDATE) writeFileSync(file, text);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : `no ${file}: npm run golden`).toBe(text);
}

describe.each(examples)('docs/examples/$name', ({ name, about, said, resources }) => {
  test('says what it shows, and validate has nothing against it', () => {
    expect(about).not.toBe('');
    expect(said).toEqual([]);
  });

  test('makes the resources of its golden file', () => {
    expect(resources.length).toBeGreaterThan(0);
    compare(join(EXAMPLES, name, 'resources.json'), goldenOf(resources));
  });
});

test('the list of examples', () => {
  const [head] = readFileSync(README, 'utf8').split(/(?<=## All of them\n)/);
  const rows = examples.map(({ name, about }) => `| [${name}](${name}/signalbox.yaml) | ${about} |`);
  compare(README, `${head}\n| example | shows |\n|---|---|\n${rows.join('\n')}\n`);
});

/** One place of many where the same may be said: texts are matched alike everywhere, and a list of one is that one. */
const meant = (key: string) =>
  key.replace(/^routes\[\].*\.(headers|query)\.\*\./, 'a text: ').replace('mirror[]', 'mirror');

test('every option that makes resources stands in an example', () => {
  const said = new Set(examples.flatMap(({ written }) => keysIn(written, KEYS)).map(meant));
  expect([...KEYS].filter((key) => !said.has(meant(key)))).toEqual([]);
});
