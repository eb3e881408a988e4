import { printableLines } from '../base/printable.js';
import type { Output } from './output.js';

/** Where nothing that is written steers the terminal, whoever said it: the one place that all commands print through. */
export function printableOutput(output: Output): Output {
  return {
    stdout: {
      write: (text) => output.stdout.write(printableLines(text)),
      // Asked each time: a terminal may change its size.
      get isTTY() {
        return output.stdout.isTTY === true;
      },
    },
    stderr: { write: (text) => output.stderr.write(printableLines(text)) },
  };
}
