import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** Those that run. They share one listener for the end of the test run: a run may have dozens of them. */
const children = new Set<ChildProcess>();

function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** A started server. Ended by its pid, also when the test run itself ends. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';

  private constructor(
    readonly name: string,
    child: ChildProcess,
  ) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output = `${this.#output}${chunk}`.slice(-200_000);
      });
    }
    if (children.size === 0) process.once('exit', killAll);
    children.add(child);
    child.once('close', () => {
      children.delete(child);
      if (children.size === 0) process.off('exit', killAll);
    });
  }

  static start(
    name: string,
    program: string,
    args: readonly string[],
    options: {
      readonly cwd?: string;
      readonly env?: NodeJS.ProcessEnv;
      /** Whether it takes lines by {@link PeerProcess.say}. */
      readonly listens?: boolean;
    } = {},
  ): PeerProcess {
    const { listens = false, ...rest } = options;
    const stdio = [listens ? 'pipe' : 'ignore', 'pipe', 'pipe'] as const;
    return new PeerProcess(name, spawn(program, args, { ...rest, stdio: [...stdio] }));
  }

  /** Writes a line to its standard input. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Resolves when it has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The end of what it printed, both streams. */
  get output(): string {
    return this.#output;
  }

  /** Waits until `ready` says true; fails with the output when the process ends first or the time runs out. */
  async until(ready: () => Promise<boolean> | boolean, milliseconds = 30_000): Promise<this> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      if (!this.running)
        throw new Error(`${this.name} ended before it was ready: ${this.#output.slice(-2_000)}`);
      if (await Promise.resolve(ready()).catch(() => false)) return this;
      if (Date.now() > deadline)
        throw new Error(`${this.name} was not ready in ${milliseconds} ms: ${this.#output.slice(-2_000)}`);
      await setTimeout(25);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Ends it and waits for the end; SIGKILL after `grace` milliseconds. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', grace = 5_000): Promise<void> {
    if (!this.running) return;
    this.#child.kill('SIGCONT');
    this.#child.kill(signal);
    const timer = new AbortController();
    const late = setTimeout(grace, undefined, { signal: timer.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined,
    );
    await this.#ended;
    timer.abort();
    await late;
  }
}

/** Below the range from which the system takes ports for connections and for listeners that ask for any. */
const PORTS = { first: 12_000, count: 20_000 };
/** Test files that run at the same time take from ports of their own: what is free for both would be taken by both. */
const LANES = 8;
const LANE = Number(process.env.VITEST_POOL_ID ?? 0) % LANES;
const given = new Set<number>();

/** A TCP port of loopback that nobody uses now and nobody is given by chance. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const inLane = Math.floor((Math.random() * PORTS.count) / LANES);
    const port = PORTS.first + (LANE * PORTS.count) / LANES + inLane;
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error('no free port was found');
}

/** The first of `count` free ports in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const others = Array.from({ length: count - 1 }, (_, n) => first + 1 + n);
    if (others.some((port) => given.has(port))) continue;
    if (!(await Promise.all(others.map(isFree))).every(Boolean)) continue;
    for (const port of others) given.add(port);
    return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
