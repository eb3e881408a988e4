// What `npm test` and `npm run demo` share. Plain Node: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/** Runs one step with its output shown and its time printed; whether it succeeded. */
export async function step(name, program, args) {
  const started = performance.now();
  console.log(`── ${name}`);
  const ended = await new Promise((done) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) => done(code ?? signal));
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`── ${name}: ${ended === 0 ? 'done' : `FAILED (${ended})`} in ${seconds} s`);
  return ended === 0;
}

/** `npm ci`, where the installed packages are missing or older than the lockfile. */
export async function installPackages() {
  if (modified('node_modules/.package-lock.json') >= modified('package-lock.json')) return true;
  return await step('packages', 'npm', ['ci']);
}

/** The build, where a source is newer than what was built. */
export async function buildIfOld() {
  const sources = ['src', 'proto', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].flatMap(
    files,
  );
  const built = Math.min(modified('dist/cli/main.js'), modified('dist/generated/envoy.json'));
  if (sources.every((path) => modified(path) <= built)) return true;
  return await step('build', 'npm', ['run', '--silent', 'build']);
}

/** A command of an installed package. */
export function bin(name) {
  return join(root, 'node_modules/.bin', name);
}

function modified(path) {
  const full = join(root, path);
  return existsSync(full) ? statSync(full).mtimeMs : 0;
}

function files(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const generated = path === join('src', 'generated');
  return generated ? [] : readdirSync(join(root, path)).flatMap((name) => files(join(path, name)));
}
