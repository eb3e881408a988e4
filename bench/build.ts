import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { command, onPath } from '../test/peers/cache.js';

const root = resolve(import.meta.dirname, '..');
const GO_PROGRAMS = ['load', 'peer', 'floor'] as const;

/** Where results, profiles and programs lie. */
export const OUTPUT = join(root, '.cache/bench');
export const LOAD = join(OUTPUT, 'load');
export const PEER = join(OUTPUT, 'peer');
export const GO_FLOOR = join(OUTPUT, 'floor');
export const NODE_FLOOR = join(import.meta.dirname, 'floor-node/floor.mjs');
export const SERVER = join(OUTPUT, 'js/bench/server.js');
export const MICRO = join(OUTPUT, 'js/bench/micro/main.js');

/** The load generator, the peer and the floor, where their sources are newer than the programs. */
export async function buildGo(): Promise<void> {
  const sources = [...GO_PROGRAMS, 'resources'].flatMap((name) => files(join(import.meta.dirname, name)));
  const programs = GO_PROGRAMS.map((name) => join(OUTPUT, name));
  if (upToDate([join(import.meta.dirname, 'go.mod'), ...sources], programs)) return;
  if (onPath('go') === undefined)
    throw new Error('the benchmark needs Go 1.26 or newer on PATH (https://go.dev)');
  console.error('building the Go programs …');
  mkdirSync(OUTPUT, { recursive: true });
  const packages = GO_PROGRAMS.map((name) => `./${name}`);
  await command('go', ['build', '-o', `${OUTPUT}/`, ...packages], { cwd: import.meta.dirname });
}

/** Signalbox's sources with the bench server, compiled as they are for users. */
export async function buildServer(): Promise<void> {
  const sources = [...files(join(root, 'src')), ...files(import.meta.dirname)];
  const descriptor = join(OUTPUT, 'js/src/generated/envoy.json');
  if (upToDate(sources, [descriptor])) return;
  console.error('compiling the server …');
  await command(process.execPath, [join(root, 'proto/build.mjs')], { cwd: root });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await command(process.execPath, [tsc, '-p', join(import.meta.dirname, 'tsconfig.json')]);
  mkdirSync(join(OUTPUT, 'js/src/generated'), { recursive: true });
  copyFileSync(join(root, 'src/generated/envoy.json'), descriptor);
}

function upToDate(sources: readonly string[], outputs: readonly string[]): boolean {
  if (!outputs.every((path) => existsSync(path))) return false;
  const built = Math.min(...outputs.map((path) => statSync(path).mtimeMs));
  return sources.every((path) => statSync(path).mtimeMs <= built);
}

function files(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
