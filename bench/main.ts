// npm run bench: Signalbox beside go-control-plane and the floors, in one run. See README.md.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../src/errors.js';
import { buildGo, buildServer, OUTPUT } from './build.js';
import { type LoadResult, runLoad, type Size, type Variant } from './load.js';
import { machine } from './machine.js';
import { summary } from './profile.js';
import { PROFILES, SERVER_NAMES, type ServerName, startServer } from './servers.js';
import { type Column, independence, markdown, TARGET_SIZE } from './table.js';

interface Options {
  readonly quick?: true;
  readonly targets?: true;
  readonly only?: readonly string[];
  readonly services?: number;
  readonly endpoints?: number;
  readonly proxies?: number;
  readonly runs?: number;
  readonly updates?: number;
  readonly profile?: true;
  readonly output: string;
}

const VARIANTS: readonly Variant[] = ['delta', 'sotw'];
const QUICK: readonly Size[] = [
  { services: 100, endpoints: 10, proxies: 100 },
  { services: 1_000, endpoints: 10, proxies: 100 },
];
/** Whether an update costs more where there are more services. */
const [FEW, MANY] = [
  { services: 100, endpoints: 4, proxies: 200 },
  { services: 5_000, endpoints: 4, proxies: 200 },
] as const;
const FULL: readonly Size[] = [...QUICK, FEW, MANY, TARGET_SIZE];

const options = new Command('npm run bench --')
  .description('Signalbox beside go-control-plane and the floors, as Markdown tables of medians and ratios.')
  .option('--quick', 'two sizes, one run each, under 3 minutes')
  .option('--targets', 'only the columns that targets are set for, delta and, at the largest size, sotw')
  .option('--only <names>', `servers (${SERVER_NAMES.join(', ')}) and variants (delta, sotw)`, list)
  .option('--services <n>', 'one size: its services', whole)
  .option('--endpoints <n>', 'one size: endpoints of each service', whole)
  .option('--proxies <n>', 'one size: proxies that connect', whole)
  .option('--runs <n>', 'runs of each server, of which the median counts (3; 1 with --quick)', whole)
  .option('--updates <n>', 'measured updates in each run', whole)
  .option('--profile', 'profile Signalbox and print the functions that took most time')
  .addOption(new Option('--output <file>', 'where the tables go').default(join(OUTPUT, 'results.md')))
  .parse()
  .opts<Options>();

const chosen = <T extends string>(all: readonly T[]): readonly T[] => {
  const named = all.filter((name) => options.only?.includes(name));
  return named.length > 0 ? named : all;
};
const servers = chosen(SERVER_NAMES).filter((name) => name !== 'go-floor' || named(name) || !options.quick);
const variants = chosen(VARIANTS);
const runs = options.runs ?? (options.quick ? 1 : 3);

try {
  await buildGo();
  await buildServer();
  if (options.profile) rmSync(PROFILES, { recursive: true, force: true });
  const tables = [`${await machine()}; ${runs === 1 ? 'one run' : `medians of ${runs} runs`}.`];
  console.log(tables[0]);
  const measured = new Map<Size, Column>();
  const add = (text: string) => {
    console.log(`\n${text}`);
    tables.push(text);
  };
  for (const size of sizes()) {
    for (const variant of variants) {
      if (options.targets && variant === 'sotw' && size !== TARGET_SIZE) continue;
      const column = await measure(size, variant);
      if (variant === 'delta') measured.set(size, column);
      add(markdown(column));
    }
  }
  const [few, many] = [measured.get(FEW), measured.get(MANY)];
  if (few !== undefined && many !== undefined) add(independence(few, many));
  mkdirSync(dirname(options.output), { recursive: true });
  writeFileSync(options.output, `${tables.join('\n\n')}\n`);
  if (options.profile) printProfiles();
} catch (thrown) {
  console.error(messageOf(thrown));
  process.exitCode = 1;
}

function sizes(): readonly Size[] {
  const { services, endpoints, proxies } = options;
  if (services === undefined && endpoints === undefined && proxies === undefined) {
    if (options.targets) return [FEW, MANY, TARGET_SIZE];
    return options.quick ? QUICK : FULL;
  }
  return [{ services: services ?? 1_000, endpoints: endpoints ?? 10, proxies: proxies ?? 100 }];
}

/** The servers take turns, so that what disturbs the machine for a while disturbs all of them. */
async function measure(size: Size, variant: Variant): Promise<Column> {
  const taking = servers.filter((name) => !options.targets || isOfInterest(name, size, variant));
  const results = new Map<ServerName, LoadResult[]>(taking.map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const name of taking) {
      try {
        results.get(name)?.push(await runOnce(name, size, variant));
      } catch (thrown) {
        console.error(`${name}, ${variant}, ${JSON.stringify(size)}: ${messageOf(thrown)}`);
      }
    }
  }
  return { size, variant, runs: results };
}

/** What the targets need: no peer beside the small column, and the Go floor only where one is set by it. */
function isOfInterest(name: ServerName, size: Size, variant: Variant): boolean {
  if (name === 'go-floor') return variant === 'sotw';
  return size !== FEW || name === 'floor' || name === 'signalbox';
}

async function runOnce(name: ServerName, size: Size, variant: Variant): Promise<LoadResult> {
  const profile = ['--cpu-prof', `--cpu-prof-dir=${PROFILES}`];
  const server = await startServer(name, size, variant, options.profile ? profile : []);
  try {
    return await runLoad(server, variant, size, ['-reconnect', ...updates(name, size, variant)]);
  } finally {
    await server.process.stop();
  }
}

/** Fewer updates where each takes the peer seconds; before those that count, enough for Node to compile its loops. */
function updates(name: ServerName, { services, proxies }: Size, variant: Variant): readonly string[] {
  const heavy = services * proxies > 500_000;
  const node = name === 'signalbox' || name === 'floor';
  const slowest = heavy && name === 'snapshot' && variant === 'sotw';
  const counted = options.updates ?? (slowest ? 5 : heavy && !node ? 10 : 20);
  return [`-updates=${counted}`, `-warmup=${node ? 20 : slowest ? 1 : 3}`, '-interval=50ms'];
}

function named(name: string): boolean {
  return options.only?.includes(name) === true;
}

function printProfiles(): void {
  for (const file of readdirSync(PROFILES).sort()) {
    console.log(`\n${file}\n${summary(join(PROFILES, file)).join('\n')}`);
  }
}

function list(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const known: readonly string[] = [...SERVER_NAMES, ...VARIANTS];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${known.join(', ')}.`);
  return names;
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number above 0.');
  return Number(text);
}
