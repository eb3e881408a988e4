import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Admission } from '../../../src/access/admission.js';

let folder: string;
let path: string;
let life: AbortController;
let told: number;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  path = join(folder, 'token');
  writeFileSync(path, 'first');
  life = new AbortController();
  told = 0;
  const allow = [{ token_file: path }, { token_file: path, nodes: ['a'] }, { token: 'x' }];
  new Admission({ allow, groups: {} }).watchTokens(() => {
    told += 1;
  }, life.signal);
});
afterEach(() => {
  life.abort();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test('another token is told soon, once for all rules that name the file', () => {
  vi.advanceTimersByTime(10_000);
  expect(told).toBe(0);
  writeFileSync(path, 'second');
  vi.advanceTimersByTime(300);
  expect(told).toBe(1);
});

test('a file that is empty while it is written is waited for', () => {
  writeFileSync(path, '');
  vi.advanceTimersByTime(900);
  expect(told).toBe(0);
  writeFileSync(path, 'second');
  vi.advanceTimersByTime(300);
  expect(told).toBe(1);
  vi.advanceTimersByTime(10_000);
  expect(told).toBe(1);
});

test('a file that stays away is told', () => {
  rmSync(path);
  vi.advanceTimersByTime(2_000);
  expect(told).toBe(1);
});

test('after the end nothing is told', () => {
  rmSync(path);
  vi.advanceTimersByTime(300);
  life.abort();
  vi.advanceTimersByTime(10_000);
  expect(told).toBe(0);
});
