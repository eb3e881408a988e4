import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const DOCS = resolve(import.meta.dirname, '../../../docs');
const read = (name: string) => readFileSync(resolve(DOCS, name), 'utf8');
const rules: { readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[] } =
  parse(read('monitoring/alerts.yml'));
const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));

test('every alert has a section that tells what to do, and no other has', () => {
  const section = read('operations.md').match(/^## Alerts$(.*?)^## /ms)?.[1] ?? '';
  const told = [...section.matchAll(/^### (\w+)\n\n\S/gm)].map(([, name]) => name);
  expect(told).toEqual(alerts);
});

test('every alert is in the list of what there is to see, with a link to its section', () => {
  const listed = [...read('monitoring.md').matchAll(/^\| \[`(\w+)`\]\(operations\.md#(\w+)\)/gm)];
  expect(listed.map(([, name]) => name)).toEqual(alerts);
  expect(listed.map(([, , anchor]) => anchor)).toEqual(alerts.map((name) => name.toLowerCase()));
});
