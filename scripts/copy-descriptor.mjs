// The proto descriptors are data, which tsc leaves behind: puts them beside the compiled code that reads them. The modules
// of message types hold nothing at run time, so that only their declarations are kept.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';

mkdirSync(new URL('../dist/generated/', import.meta.url), { recursive: true });
for (const file of ['envoy.json', 'envoy-api.json']) {
  copyFileSync(
    new URL(`../src/generated/${file}`, import.meta.url),
    new URL(`../dist/generated/${file}`, import.meta.url),
  );
}
const types = new URL('../dist/generated/types/', import.meta.url);
for (const file of existsSync(types) ? readdirSync(types, { recursive: true }) : []) {
  if (file.endsWith('.js')) rmSync(new URL(file, types));
}
const command = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(command)) chmodSync(command, 0o755);
