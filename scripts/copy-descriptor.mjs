// The proto descriptor is data, which tsc leaves behind: puts it beside the compiled code that reads it.
import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs';

mkdirSync(new URL('../dist/generated/', import.meta.url), { recursive: true });
copyFileSync(
  new URL('../src/generated/envoy.json', import.meta.url),
  new URL('../dist/generated/envoy.json', import.meta.url),
);
const command = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(command)) chmodSync(command, 0o755);
