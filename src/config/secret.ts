import { readFileSync, statSync } from 'node:fs';
import { inspect } from 'node:util';
import { messageOf, SignalboxError } from '../errors.js';

/** A value that never shows itself: not in JSON, not in a log, not in an inspection. Only `current()` gives it out. */
export class Secret {
  readonly #read: () => string;

  private constructor(read: () => string) {
    this.#read = read;
  }

  static of(text: string): Secret {
    return new Secret(() => text);
  }

  /** The content of a file without the line break at its end, read again whenever the file has changed. */
  static fromFile(path: string): Secret {
    let known: { readonly changed: number; readonly text: string } | undefined;
    return new Secret(() => {
      try {
        const changed = statSync(path).mtimeMs;
        if (known?.changed !== changed)
          known = { changed, text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
        return known.text;
      } catch (thrown) {
        throw new SignalboxError('config_unreadable', `cannot read the secret file: ${messageOf(thrown)}`, {
          cause: thrown,
        });
      }
    });
  }

  /** The secret of an option and its `…_file` twin; undefined where neither says anything. */
  static from(text: string | undefined, file: string | undefined): Secret | undefined {
    if (file !== undefined) return Secret.fromFile(file);
    return text === undefined || text === '' ? undefined : Secret.of(text);
  }

  /** @throws SignalboxError `config_unreadable` where the secret's file cannot be read */
  current(): string {
    return this.#read();
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
