// Deletes the declarations that no export of the package reaches: nobody can import them.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const waiting = Object.values(exports).map(({ types }) => join(root, types));
const reached = new Set();
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (reached.has(file) || !existsSync(file)) continue;
  reached.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\(?)\s*['"](\.[^'"]+)\.js['"]/g))
    waiting.push(join(dirname(file), `${path}.d.ts`));
}
const dist = join(root, 'dist');
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name);
  if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
}
