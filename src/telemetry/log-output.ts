import { write, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Bytes that a pipe takes in one piece: the lines of several processes that write to one are not mixed. See pipe(7). */
const PIPE_BUF = 4_096;
/** Characters that wait for a reader that does not read; lines beyond are lost. */
const MOST = 16 * 1024 * 1024;
/** Milliseconds before one that cannot take more is tried again. */
const RETRY = 100;
/** For how long the end of the process waits for a reader that takes nothing, and how often it looks, milliseconds. */
const FAREWELL = 500;
const LOOK = 5;
/** To wait on, where there is no event loop any more. */
const NOTHING = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes lines to a file descriptor in the background, so that who logs a thousand of them is not held up. Lines are
 * kept together up to the size that a pipe takes in one piece. A reader that is gone, or does not read, costs its lines
 * and nothing else: above all it does not keep the process from its end, as `flushSync` of pino's own destination does.
 */
export class LogOutput {
  /** Whole lines each, oldest first; the first one is being written, if anything is. */
  readonly #chunks: string[] = [];
  #waiting = 0;
  #writing = false;
  #broken = false;

  /** @param descriptor it is not closed */
  constructor(private readonly descriptor: number) {
    process.once('exit', () => this.#end());
  }

  write(line: string): void {
    if (this.#broken || this.#waiting + line.length > MOST) return;
    this.#waiting += line.length;
    const last = this.#chunks.at(-1);
    const open = this.#chunks.length > (this.#writing ? 1 : 0);
    if (open && last !== undefined && Buffer.byteLength(last) + Buffer.byteLength(line) <= PIPE_BUF)
      this.#chunks[this.#chunks.length - 1] = last + line;
    else this.#chunks.push(line);
    if (!this.#writing) this.#next();
  }

  #next(): void {
    const [chunk] = this.#chunks;
    if (chunk === undefined) return;
    this.#writing = true;
    this.#put(Buffer.from(chunk), () => {
      this.#chunks.shift();
      this.#waiting -= chunk.length;
      this.#writing = false;
      this.#next();
    });
  }

  #put(bytes: Buffer, done: () => void): void {
    write(this.descriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.#put(bytes, done), RETRY).unref();
      else if (error !== null) this.#giveUp();
      else if (written < bytes.length) this.#put(bytes.subarray(written), done);
      else done();
    });
  }

  #giveUp(): void {
    this.#broken = true;
    this.#chunks.length = 0;
  }

  /** Writes what is left, as long as there is a reader. What is being written is left to the system. */
  #end(): void {
    let until = performance.now() + FAREWELL;
    let rest = Buffer.from(this.#chunks.slice(this.#writing ? 1 : 0).join(''));
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.descriptor, rest, 0, Math.min(rest.length, PIPE_BUF)));
        until = performance.now() + FAREWELL;
      } catch (thrown) {
        const full = thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN';
        if (!full || performance.now() > until) return;
        Atomics.wait(NOTHING, 0, 0, LOOK);
      }
    }
  }
}
