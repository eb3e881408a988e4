import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchFile } from '../../../src/config/watch-file.js';
import { eventually } from '../../peers/eventually.js';

let folder: string;
let path: string;
let seen: (string | undefined)[];
let life: AbortController;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-'));
  path = join(folder, 'file.yaml');
  seen = [];
  life = new AbortController();
});

afterEach(() => {
  life.abort();
  rmSync(folder, { recursive: true });
});

const watch = (file = path) => watchFile(file, (content) => seen.push(content), life.signal, 10);
const sees = (...contents: (string | undefined)[]) => eventually(() => expect(seen).toEqual(contents));

test('a write is seen, one right after the start included', async () => {
  writeFileSync(path, 'one');
  watch();
  writeFileSync(path, 'two');
  await sees('two');
  writeFileSync(path, 'ten');
  await sees('two', 'ten');
});

test('an atomic rename into place is seen, again and again', async () => {
  writeFileSync(path, 'one');
  watch();
  for (const content of ['two', 'three', 'four']) {
    writeFileSync(join(folder, 'new'), content);
    renameSync(join(folder, 'new'), path);
    await eventually(() => expect(seen.at(-1)).toBe(content));
  }
  expect(seen).toEqual(['two', 'three', 'four']);
});

test('the swap of a symlink of a folder above is seen, as Kubernetes does it', async () => {
  for (const version of ['v1', 'v2']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'file.yaml'), version);
  }
  symlinkSync('v1', join(folder, '..data'));
  symlinkSync('..data/file.yaml', path);
  watch();
  symlinkSync('v2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  await sees('v2');
});

test('a deleted file is told as such and seen again when it is back', async () => {
  writeFileSync(path, 'one');
  watch();
  rmSync(path);
  await sees(undefined);
  writeFileSync(join(folder, 'new'), 'two');
  renameSync(join(folder, 'new'), path);
  await sees(undefined, 'two');
});

test('a file that is not there yet is seen when it comes', async () => {
  watch();
  writeFileSync(join(folder, 'new'), 'one');
  renameSync(join(folder, 'new'), path);
  await sees('one');
});

test('a new time or a new file with the same content is no change', async () => {
  writeFileSync(path, 'one');
  watch();
  utimesSync(path, 1, 1);
  writeFileSync(join(folder, 'new'), 'one');
  renameSync(join(folder, 'new'), path);
  const later = join(folder, 'later');
  const ticks: (string | undefined)[] = [];
  watchFile(later, (content) => ticks.push(content), life.signal, 10);
  // Two rounds of a watch of the same interval: the first one has looked in between.
  for (const content of ['a', 'b']) {
    writeFileSync(later, content);
    await eventually(() => expect(ticks.at(-1)).toBe(content));
  }
  expect(seen).toEqual([]);
});

test('nothing is told after the abort', async () => {
  writeFileSync(path, 'one');
  watch();
  life.abort();
  const other = new AbortController();
  const others: (string | undefined)[] = [];
  watchFile(path, (content) => others.push(content), other.signal, 10);
  writeFileSync(path, 'two');
  await eventually(() => expect(others.at(-1)).toBe('two'));
  other.abort();
  expect(seen).toEqual([]);
});
