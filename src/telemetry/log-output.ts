import { write, writeSync } from 'node:fs';

/** Bytes that a pipe takes in one piece: the lines of several processes that write to one are not mixed. See pipe(7). */
const PIPE_BUF = 4_096;
/** Bytes that are written at once. */
const ENOUGH = 3_072;
/** How long fewer wait for more, milliseconds. */
const LONGEST_WAIT = 50;
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
  /** Pieces that are ready, oldest first. */
  #pieces: string[] = [];
  /** The piece that lines are still added to. */
  #open = '';
  #openBytes = 0;
  #waiting = 0;
  #writing = false;
  /** What the reader had no room for just now. */
  #refused: Buffer | undefined;
  #broken = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param descriptor it is not closed */
  constructor(private readonly descriptor: number) {
    process.once('exit', () => this.#end());
  }

  write(line: string): void {
    if (this.#broken || this.#waiting + line.length > MOST) return;
    const bytes = Buffer.byteLength(line);
    if (this.#openBytes + bytes > PIPE_BUF) this.#close();
    this.#open += line;
    this.#openBytes += bytes;
    this.#waiting += line.length;
    if (this.#openBytes >= ENOUGH) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), LONGEST_WAIT).unref();
  }

  #close(): void {
    if (this.#open !== '') this.#pieces.push(this.#open);
    this.#open = '';
    this.#openBytes = 0;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#close();
    if (!this.#writing) this.#next();
  }

  #next(): void {
    const piece = this.#pieces.shift();
    this.#writing = piece !== undefined;
    if (piece === undefined) return;
    this.#put(Buffer.from(piece), () => {
      this.#waiting -= piece.length;
      this.#next();
    });
  }

  #put(bytes: Buffer, done: () => void): void {
    this.#refused = undefined;
    write(this.descriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        this.#refused = bytes;
        setTimeout(() => this.#put(bytes, done), RETRY).unref();
      } else if (error !== null) this.#giveUp();
      else if (written < bytes.length) this.#put(bytes.subarray(written), done);
      else done();
    });
  }

  #giveUp(): void {
    this.#broken = true;
    this.#pieces = [];
    this.#open = '';
  }

  /** Writes what is left, as long as there is a reader. What is being written is left to the system. */
  #end(): void {
    this.#close();
    let until = performance.now() + FAREWELL;
    let rest = Buffer.concat([this.#refused ?? Buffer.alloc(0), Buffer.from(this.#pieces.join(''))]);
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
