import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRegularFile } from '../../../src/base/files/regular-file.js';
import { replaceFile } from '../../../src/base/files/replace-file.js';

let folder: string;
let path: string;
let victim: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-files-'));
  path = join(folder, 'file');
  victim = join(folder, 'victim');
  writeFileSync(victim, 'of somebody else');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What stands beside the two files. */
const others = () => readdirSync(folder).filter((name) => name !== 'file' && name !== 'victim');

test('a file is written whole, for this user alone, and leaves nothing beside it', async () => {
  await replaceFile(path, ['one ', Buffer.from('two')]);
  expect(readFileSync(path, 'utf8')).toBe('one two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await replaceFile(path, ['three']);
  expect(readRegularFile(path)?.toString()).toBe('three');
  expect(others()).toEqual([]);
});

test('a file that others may read is replaced by one that they may not', async () => {
  writeFileSync(path, 'before', { mode: 0o644 });
  await replaceFile(path, ['after']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a link in the place of the file is neither written to, nor read, nor removed', async () => {
  symlinkSync(victim, path);
  await expect(replaceFile(path, ['mine'])).rejects.toMatchObject({
    code: 'file_unsafe',
    message: `${path} is a symbolic link: remove it, or name another file`,
  });
  expect(() => readRegularFile(path)).toThrow(`${path} is a symbolic link`);
  expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
  expect(readlinkSync(path)).toBe(victim);
  expect(others()).toEqual([]);
});

test('a link under the name that could be guessed is not written to', async () => {
  const guessed = `${path}.${process.pid}.new`;
  symlinkSync(victim, guessed);
  await replaceFile(path, ['mine']);
  expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
  expect(readRegularFile(path)?.toString()).toBe('mine');
});

test('a link that is planted during the write is replaced, not followed', async () => {
  function* chunks() {
    yield 'mine';
    symlinkSync(victim, path);
  }
  await replaceFile(path, chunks());
  expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
  expect(lstatSync(path).isFile()).toBe(true);
});

test('a folder or a pipe in its place is an error, and holds nothing up', async () => {
  mkdirSync(path);
  await expect(replaceFile(path, ['mine'])).rejects.toMatchObject({ code: 'file_unsafe' });
  expect(() => readRegularFile(path)).toThrow(`${path} is no regular file`);
  rmSync(path, { recursive: true });
  const [code] = await once(spawn('mkfifo', [path]), 'exit');
  expect(code).toBe(0);
  expect(() => readRegularFile(path)).toThrow(`${path} is no regular file`);
  await expect(replaceFile(path, ['mine'])).rejects.toMatchObject({ code: 'file_unsafe' });
});

test('a file that is not there is none', () => {
  expect(readRegularFile(path)).toBeUndefined();
});

test('what cannot be made leaves the file before, and nothing else', async () => {
  writeFileSync(path, 'before');
  function* chunks() {
    yield 'after';
    throw new Error('no more');
  }
  await expect(replaceFile(path, chunks())).rejects.toThrow('no more');
  expect(readFileSync(path, 'utf8')).toBe('before');
  expect(others()).toEqual([]);
});

test('a process that is killed while it writes leaves the file before; what it left is removed later', async () => {
  writeFileSync(path, 'before');
  const program = resolve(import.meta.dirname, 'slow-write.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, path]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readFileSync(path, 'utf8')).toBe('before');
  const [left = '', ...more] = others();
  expect(more).toEqual([]);
  expect(left).toMatch(/^file\.[0-9a-f]{16}\.new$/);
  expect(readFileSync(join(folder, left), 'utf8')).toBe('the first part of the new file\n');

  // Another process may be writing it.
  await replaceFile(path, ['after']);
  expect(others()).toEqual([left]);
  const old = Date.now() / 1_000 - 120;
  utimesSync(join(folder, left), old, old);
  writeFileSync(`${path}.other.new`, '');
  utimesSync(`${path}.other.new`, old, old);
  await replaceFile(path, ['later']);
  expect(existsSync(join(folder, left))).toBe(false);
  expect(others()).toEqual(['file.other.new']);
});
