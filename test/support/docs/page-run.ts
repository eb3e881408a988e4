import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { request } from 'undici';
import { parse, stringify } from 'yaml';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { type Block, blocksOf, documentationPages, inRepository, placeOf, readPage } from './block.js';
import { isElsewhere } from './elsewhere.js';
import { printsAs } from './expected-output.js';
import { type Need, needsOf } from './kind.js';
import { PagePorts } from './page-ports.js';
import { PROVIDERS, type Provided, startSamples } from './servers.js';
import { type Job, Shell } from './shell.js';
import { CONFIGURATION, servicesOf } from './situation.js';

const PROGRAM = inRepository('dist/cli/main.js');
const COMMAND_TIME = 60_000;
const EVENTUALLY = 60_000;

/** A page with commands. */
export interface RunnablePage {
  readonly page: string;
  readonly blocks: readonly Block[];
  /** Servers and programs that it needs. */
  readonly needs: ReadonlySet<Need>;
}

/** The pages that have something to run. */
export function runnablePages(): readonly RunnablePage[] {
  return documentationPages()
    .map((page) => ({ page, blocks: blocksOf(page, readPage(page)) }))
    .filter(({ blocks }) => blocks.some(isRun))
    .map(({ page, blocks }) => ({ page, blocks, needs: new Set(blocks.filter(isRun).flatMap(needsOf)) }));
}

function isRun(block: Block): boolean {
  return (block.language === 'sh' || block.options.has('apply')) && !isElsewhere(block);
}

/** Runs the commands of a page in order, as a reader would; fails with the first that is not as the page says. */
export async function runPage({ blocks, needs }: RunnablePage): Promise<void> {
  const provided: Provided[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-page-'));
  let page: PageRun | undefined;
  try {
    for (const need of needs) {
      if (need !== 'samples' && need !== 'signalbox') provided.push(await PROVIDERS[need]());
    }
    const services = servicesOf(blocks);
    const ports = await PagePorts.of(
      [...blocks, ...services],
      new Map(provided.flatMap(({ ports }) => (ports ? [ports] : []))),
    );
    if (needs.has('samples')) provided.push(await startSamples(services, (port) => ports.of(port)));
    page = new PageRun(folder, ports, provided);
    if (needs.has('samples')) page.write('services.yaml', services[0]?.text ?? '');
    if (needs.has('signalbox')) await page.apply({});
    for (const [index, block] of blocks.entries()) await page.take(block, blocks[index + 1]);
  } finally {
    await page?.close();
    await Promise.all(provided.map(({ close }) => close?.()));
    rmSync(folder, { recursive: true, force: true });
  }
}

class PageRun {
  readonly #shell: Shell;
  readonly #work: string;
  #signalbox: Job | undefined;
  #envoy: Envoy | undefined;

  constructor(
    folder: string,
    private readonly ports: PagePorts,
    provided: readonly Provided[],
  ) {
    this.#work = join(folder, 'work');
    const bin = join(folder, 'bin');
    for (const path of [this.#work, bin]) mkdirSync(path);
    const programs = Object.assign({}, ...provided.map(({ programs }) => programs)) as Record<string, string>;
    for (const [name, words] of Object.entries(programs)) program(bin, name, `exec ${words} "$@"`);
    program(bin, 'signalbox', this.#wrapper());
    this.#shell = new Shell(this.#work, {
      HOME: this.#work,
      PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
      LANG: 'C.UTF-8',
    });
  }

  async take(block: Block, next: Block | undefined): Promise<void> {
    if (isElsewhere(block)) return;
    const file = block.options.get('file');
    if (file !== undefined) this.write(file, block.text);
    if (block.options.has('apply')) await this.apply(parse(block.text));
    if (block.language === 'sh') await this.#run(block, next?.language === 'console' ? next.text : undefined);
  }

  /** Puts a file into the page's folder. */
  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.#work, name)), { recursive: true });
    writeFileSync(join(this.#work, name), this.ports.in(text));
  }

  /** Has Signalbox follow this part of a configuration, and Envoy follow Signalbox. */
  async apply(part: Readonly<Record<string, unknown>>): Promise<void> {
    const running = this.#signalbox;
    const reloads = reloadsOf(running);
    this.write('signalbox.yaml', stringify({ ...CONFIGURATION, ...part }));
    if (running !== undefined) {
      await eventually(() => {
        if (reloadsOf(running) === reloads) throw new Error(`not reloaded: ${running.output}`);
      }, EVENTUALLY);
      return;
    }
    this.#signalbox = this.#shell.start('exec signalbox serve -c signalbox.yaml');
    await answers(`http://127.0.0.1:${this.ports.of(18_001)}/readyz`, this.#signalbox);
    const bootstrap = {
      mode: 'delta',
      xdsPort: this.ports.of(18_000),
      adminPort: this.ports.of(9_901),
    } as const;
    this.#envoy = await Envoy.start(adsBootstrap(bootstrap));
  }

  async close(): Promise<void> {
    await this.#envoy?.stop();
    await this.#shell.close();
  }

  async #run(block: Block, shown: string | undefined): Promise<void> {
    const commands = this.ports.in(block.text);
    const folder = block.options.has('in') ? inRepository('.') : undefined;
    const until = block.options.get('until');
    if (until !== undefined) {
      await answers(this.ports.in(until), this.#shell.start(commands, folder)).catch((thrown) => {
        throw new Error(`${placeOf(block)}: ${this.ports.back(String(thrown))}`);
      });
      return;
    }
    const code = Number(block.options.get('exit') ?? 0);
    const once = async () => {
      const ended = await this.#shell.run(commands, COMMAND_TIME, folder);
      const output = this.ports.back(ended.output);
      if (ended.code !== code) throw new Error(`${placeOf(block)} ended with ${ended.code}:\n${output}`);
      if (shown !== undefined && !printsAs(output, shown))
        throw new Error(`${placeOf(block)} printed:\n${output}\nand the page shows:\n${shown}`);
    };
    // What has been applied is on its way to Envoy.
    if (block.options.has('eventually') || this.#signalbox !== undefined)
      await eventually(once, EVENTUALLY, 100);
    else await once();
  }

  /** Signalbox with what it takes when nothing is said: the page's ports. */
  #wrapper(): string {
    const run = `'${process.execPath}' '${PROGRAM}' "$@"`;
    const [xds, admin] = [18_000, 18_001].map((port) => `127.0.0.1:${this.ports.of(port)}`);
    return [
      'case "$1" in',
      `bootstrap) ${run} | sed '${this.ports.sed}' ;;`,
      'serve)',
      `  grep -qs '^xds:' "$3" || export SIGNALBOX_XDS_LISTEN=\${SIGNALBOX_XDS_LISTEN:-${xds}}`,
      `  grep -qs '^admin:' "$3" || export SIGNALBOX_ADMIN_LISTEN=\${SIGNALBOX_ADMIN_LISTEN:-${admin}}`,
      `  exec ${run} ;;`,
      `*) export SIGNALBOX_ADMIN_LISTEN=\${SIGNALBOX_ADMIN_LISTEN:-${admin}}; exec ${run} ;;`,
      'esac',
    ].join('\n');
  }
}

function program(folder: string, name: string, commands: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/bash\nset -o pipefail\n${commands}\n`);
  chmodSync(path, 0o755);
}

const reloadsOf = (job: Job | undefined): number => job?.output.split('configuration reloaded').length ?? 0;

/** Waits until a URL answers 200, or the process has ended. */
async function answers(url: string, job: Job): Promise<void> {
  await eventually(async () => {
    if (job.running) {
      const { statusCode, body } = await request(url);
      await body.dump();
      if (statusCode !== 200) throw new Error(`${url} says ${statusCode}: ${job.output}`);
    }
  }, 60_000);
  if (!job.running) throw new Error(`ended with ${job.code}: ${job.output}`);
}
