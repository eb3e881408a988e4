// npm run bench:micro: times the inner loops and keeps the result; `-- --compare FILE` sets it beside an earlier one.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Command } from 'commander';
import { buildServer, MICRO, OUTPUT } from './build.js';

const { compare, output } = new Command('npm run bench:micro --')
  .option('--output <file>', 'where the timings go, as JSON', join(OUTPUT, 'micro.json'))
  .option('--compare <file>', 'timings of an earlier run')
  .parse()
  .opts<{ readonly compare?: string; readonly output: string }>();
await buildServer();
const args = [MICRO, output, ...(compare === undefined ? [] : [compare])];
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
