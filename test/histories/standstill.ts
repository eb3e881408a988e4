import { setTimeout } from 'node:timers/promises';
import { PeerProcess } from '../peers/process.js';

/** Milliseconds between two questions, and up to which an answer counts as prompt. */
const EVERY = 50;
const PROMPT = 100;
const ECHO = "process.stdin.on('data', (chunk) => process.stdout.write(chunk))";

/** Measures how long the machine lets a program wait: it asks a process that does nothing but answer. */
export class Standstill {
  readonly #echo: PeerProcess;
  readonly #waits: { readonly at: number; readonly milliseconds: number }[] = [];
  #answered = 0;

  constructor() {
    this.#echo = PeerProcess.start('echo', process.execPath, ['-e', ECHO], { listens: true });
  }

  /** Asks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    let asked = 0;
    while (!signal.aborted) {
      const began = performance.now();
      asked += 1;
      this.#echo.say(`${asked}`);
      while (this.#answered < asked && !signal.aborted) {
        await setTimeout(5);
        this.#answered = Number(this.#echo.output.slice(-20).trimEnd().split('\n').at(-1) ?? 0);
      }
      const milliseconds = performance.now() - began;
      if (milliseconds > PROMPT) this.#waits.push({ at: performance.now(), milliseconds });
      await setTimeout(EVERY);
    }
    await this.#echo.stop('SIGKILL');
  }

  /** How long it waited in all since a time, milliseconds. */
  since(time: number): number {
    return this.#waits
      .filter(({ at }) => at >= time)
      .reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  }
}
