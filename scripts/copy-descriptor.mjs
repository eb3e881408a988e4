// The proto descriptors are data, which tsc leaves behind: puts them beside the compiled code that reads them.
import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs';

mkdirSync(new URL('../dist/generated/', import.meta.url), { recursive: true });
for (const file of ['envoy.json', 'envoy-api.json']) {
  copyFileSync(
    new URL(`../src/generated/${file}`, import.meta.url),
    new URL(`../dist/generated/${file}`, import.meta.url),
  );
}
const command = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(command)) chmodSync(command, 0o755);
