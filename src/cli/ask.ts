import { printable, printableJson } from '../base/printable.js';
import type { Secret } from '../config/secret.js';
import { SignalboxError } from '../errors.js';
import type { Address } from '../model/address.js';
import { askAdmin } from './admin-client.js';
import type { Output } from './output.js';

export interface AskOptions {
  readonly admin: Address;
  /** For scripts: what the admin API answers, as it is. */
  readonly json: boolean;
  /** POST for what does something. */
  readonly method?: 'GET' | 'POST';
  /** Of an admin API that wants one. */
  readonly token?: Secret | undefined;
}

/**
 * Asks a running instance, or tells it something, and prints what it says.
 * @param text the answer for people
 * @returns the exit code
 */
export async function runAsk<T>(
  path: string,
  text: (answer: T) => string,
  { admin, json, method, token }: AskOptions,
  output: Output,
): Promise<number> {
  try {
    const { answer, problem } = await askAdmin<T>(admin, path, method, token);
    if (problem !== undefined) {
      output.stderr.write(`${printable(problem)}\n`);
      return 1;
    }
    output.stdout.write(json ? `${printableJson(JSON.stringify(answer, null, 2))}\n` : text(answer));
    return 0;
  } catch (thrown) {
    const { code, message } = SignalboxError.from(thrown);
    output.stderr.write(`${code}: ${message}\n`);
    return 1;
  }
}
