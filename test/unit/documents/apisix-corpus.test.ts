import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';

/**
 * The kinds of routes, upstreams, services, plugin configs and global rules in APISIX's documentation and tests, as small cases of our own. `expect` is
 * "carried", or every reason against it.
 */
interface Case {
  /** Its first plugin, and a number. */
  readonly name: string;
  /** By key; the route is `routes/1`. */
  readonly documents: Readonly<Record<string, object>>;
  readonly expect: string;
}

const cases: readonly Case[] = readFileSync(new URL('apisix-corpus.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));

function outcomeOf({ documents }: Case): string {
  const table = new ApisixTable('');
  for (const [key, document] of Object.entries(documents)) table.change(key, JSON.stringify(document));
  return table.take().routes.get('routes/1')?.rejected ?? 'carried';
}

test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
  expect(outcomeOf(one)).toBe(one.expect);
});

test('the page says how many are carried over', () => {
  const page = readFileSync(new URL('../../../docs/coming-from-apisix.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([a-z, -]+|\*\*all\*\*) \| (\d+) \| \d+ \| (\d+) \| (\d+) \|$/gm)];
  const shown = new Map(
    rows.map(([, kind = '', all, carried, rejected]) => [kind, [all, carried, rejected].map(Number)]),
  );
  const kinds = [...shown.keys()].filter((kind) => !['**all**', 'others'].includes(kind));
  const kindOf = ({ name }: Case) => {
    const plugin = name.replace(/ \d+$/, '');
    return kinds.find((kind) => kind.split(', ').includes(plugin)) ?? 'others';
  };
  const count = (some: readonly Case[]) => {
    const carried = some.filter((one) => one.expect === 'carried').length;
    return [some.length, carried, some.length - carried];
  };
  const counted = new Map(
    [...kinds, 'others'].map((kind) => [kind, count(cases.filter((one) => kindOf(one) === kind))]),
  );
  expect(shown).toEqual(new Map([...counted, ['**all**', count(cases)]]));
});
