import { printable } from '../base/printable.js';
import type { Output } from './output.js';

/** What a terminal takes besides text: xterm's control sequences. */
const ALTERNATE = { enter: '\u001b[?1049h\u001b[?25l', leave: '\u001b[?25h\u001b[?1049l' };
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** q, or Ctrl-C and Ctrl-D as a terminal in raw mode sends them. */
const QUIT = ['q', 'Q', '\u0003', '\u0004'];
/** For a terminal that does not know its size, or says 0. */
const STANDARD = { columns: 80, rows: 24 };

/** A page that is written over itself, until someone presses q or Ctrl-C. The terminal is left as it was found. */
export class LiveScreen {
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #end = () => {
    this.#ended = true;
    this.#wake();
  };
  readonly #key = (data: Buffer | string) => {
    if (QUIT.some((key) => data.toString().includes(key))) this.#end();
  };

  constructor(private readonly output: Output) {}

  get ended(): boolean {
    return this.#ended;
  }

  get rows(): number {
    return this.output.stdout.rows || STANDARD.rows;
  }

  open(): void {
    const { stdin, stdout } = this.output;
    stdout.write(ALTERNATE.enter);
    if (stdin?.isTTY === true) {
      stdin.setRawMode?.(true);
      stdin.on('data', this.#key);
      stdin.resume();
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#end);
  }

  /** Lines that are too long, or too many, are cut off: a page that scrolls cannot be written over. None steers. */
  show(text: string): void {
    const columns = this.output.stdout.columns || STANDARD.columns;
    const lines = text.trimEnd().split('\n').slice(0, this.rows);
    const page = lines
      .map((line) => `${[...printable(line)].slice(0, columns).join('')}${CLEAR_LINE_END}`)
      .join('\r\n');
    this.output.stdout.write(`${HOME}${page}${CLEAR_BELOW}`);
  }

  /** Resolves after so many milliseconds, or when it is to end. */
  async pause(milliseconds: number): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): void {
    const { stdin, stdout } = this.output;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#end);
    if (stdin?.isTTY === true) {
      stdin.off('data', this.#key);
      stdin.setRawMode?.(false);
      stdin.pause();
    }
    stdout.write(ALTERNATE.leave);
  }
}
