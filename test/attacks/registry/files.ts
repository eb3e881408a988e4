import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, Stage, Strike } from '../attack.js';
import { followedFile } from '../followed.js';
import { aborted } from '../pace.js';
import { deepJson } from './deep.js';

const POISON = 'poison.txt';
const good = (weight: number) => `{ "host": "127.0.0.1", "port": 8080, "weight": ${weight} }`;

/** The followed service stands in the file with the poisonous one, from when the attacker has written that. */
function content(weight: number, folder: string): string {
  const poison = join(folder, POISON);
  const other = existsSync(poison) ? `, "poisoned": [${readFileSync(poison, 'utf8')}]` : '';
  return `{ "services": { "followed": [${good(weight)}]${other} } }`;
}

const oneEntry = (file: string) => (): Stage => ({
  config: { discovery: { file: { path: file } } },
  files: { [file]: content(1, '') },
  followed: followedFile(file, 'followed', content),
});

const poisons =
  (entry: () => string): Strike =>
  async ({ folder }, signal, tell) => {
    tell(() => 'one poisonous entry');
    replace(join(folder, POISON), entry());
    await aborted(signal);
  };

/** A whole file that nobody can read, while another registry is followed. */
const wholeFile = (file: string) => (): Stage => ({
  config: { discovery: { file: { path: file } } },
  files: { [file]: '{ "services": {} }' },
});

const overwrites =
  (file: string, text: () => string): Strike =>
  async ({ folder }, signal, tell) => {
    tell(() => `a file of ${(text().length / 1_024).toFixed(0)} KiB`);
    replace(join(folder, file), text());
    await aborted(signal);
  };

/** In one step, as editors and deployments do. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const deepEntry = (depth: number) => `{ "host": "127.0.0.1", "port": 8081, "metadata": ${deepJson(depth)} }`;
const block = (depth: number) =>
  `services:\n${Array.from({ length: depth }, (_, n) => `${' '.repeat(n + 1)}a:`).join('\n')} 1\n`;
/** Each alias stands for ten of the one before. */
const laughs = () =>
  `services:\n  a0: &a0 [x]\n${Array.from({ length: 12 }, (_, n) => `  a${n + 1}: &a${n + 1} [${Array.from({ length: 10 }, () => `*a${n}`).join(', ')}]`).join('\n')}\n`;

export const FILES: readonly Attack[] = [
  {
    name: 'services file: an entry 5,000 deep (JSON)',
    stage: oneEntry('services.json'),
    strike: poisons(() => deepEntry(5_000)),
  },
  {
    name: 'services file: an entry 500 deep (YAML)',
    stage: oneEntry('services.yaml'),
    // A comment makes it YAML only.
    strike: poisons(() => `${deepEntry(500)} # deep\n`),
  },
  {
    name: 'services file: 100,000 deep (JSON)',
    stage: wholeFile('services.json'),
    strike: overwrites('services.json', () => `{"services":${deepJson(100_000)}}`),
  },
  {
    name: 'services file: 100,000 deep (YAML flow)',
    stage: wholeFile('services.yaml'),
    strike: overwrites('services.yaml', () => `services: ${'['.repeat(100_000)}${']'.repeat(100_000)}\n`),
  },
  {
    name: 'services file: 2,000 deep (YAML block)',
    stage: wholeFile('services.yaml'),
    strike: overwrites('services.yaml', () => block(2_000)),
  },
  {
    name: 'services file: aliases of aliases (YAML)',
    stage: wholeFile('services.yaml'),
    strike: overwrites('services.yaml', laughs),
  },
];
