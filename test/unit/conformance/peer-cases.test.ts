import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PEER_CASES } from '../../conformance/peer-cases.js';
import { RULES } from '../../conformance/rules.js';

const root = resolve(import.meta.dirname, '../../..');
const cases = PEER_CASES.flatMap((file) => file.cases);

test('every case of a peer has a rule or a test that exists, or the reason why not', () => {
  expect(cases.filter(({ ours, note }) => ours.length === 0 && note === undefined)).toEqual([]);
  for (const reference of new Set(cases.flatMap(({ ours }) => ours))) {
    if (Object.hasOwn(RULES, reference)) continue;
    const [file = '', title = ''] = reference.split(' › ');
    const path = resolve(root, file);
    expect(existsSync(path) && file.includes('/'), reference).toBe(true);
    expect(readFileSync(path, 'utf8').replaceAll("\\'", "'"), reference).toContain(title);
  }
});

test('no case stands here twice', () => {
  const names = PEER_CASES.flatMap(({ project, cases: own }) =>
    own.flatMap(({ name }) => name.split(', ').map((one) => `${project} ${one}`)),
  );
  expect(new Set(names).size).toBe(names.length);
});
