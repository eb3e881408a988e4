import { type ChildProcess, spawn } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  /** Both streams, as they came. */
  readonly output: string;
}

/** Runs commands in Bash, as a reader of a page would: in one folder, with one environment. */
export class Shell {
  readonly #background = new Set<Job>();

  constructor(
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Runs to the end; what still runs after `milliseconds` is killed. */
  async run(commands: string, milliseconds: number, folder = this.folder): Promise<Ended> {
    const job = new Job(commands, folder, this.environment);
    const timer = setTimeout(() => job.kill('SIGKILL'), milliseconds);
    await job.ended;
    clearTimeout(timer);
    return { code: job.code, output: job.output };
  }

  start(commands: string, folder = this.folder): Job {
    const job = new Job(commands, folder, this.environment);
    this.#background.add(job);
    return job;
  }

  /** Ends all that was left running. */
  async close(): Promise<void> {
    await Promise.all([...this.#background].map((job) => job.end()));
  }
}

/** Bash with all that it starts: a process group, ended by its id. */
export class Job {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  output = '';

  constructor(commands: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('bash', ['-eu', '-o', 'pipefail', '-c', commands], {
      ...{ cwd, env, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output = `${this.output}${chunk}`.slice(-50_000);
      });
    }
    const kill = () => this.kill('SIGKILL');
    process.once('exit', kill);
    this.ended = new Promise((done, fail) => {
      this.#child.once('error', fail);
      this.#child.once('exit', () => {
        process.off('exit', kill);
        done();
      });
    });
  }

  get code(): number | null {
    return this.#child.exitCode;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group has ended.
    }
  }

  async end(): Promise<void> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), 6_000);
    await this.ended;
    clearTimeout(timer);
    this.kill('SIGKILL');
  }
}
