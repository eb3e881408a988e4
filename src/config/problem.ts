import { printable } from '../base/printable.js';

/** The way to a value in the configuration: keys, and indices of lists. */
export type ConfigPath = readonly (string | number)[];

/** What is wrong, or odd, in a configuration file. Never shows a value that may be a secret. */
export interface Problem {
  readonly file: string;
  /** From 1; absent where the file as a whole is meant. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** Such as `discovery.consul_kv.servers[0]`; absent where nothing in particular is meant. */
  readonly path?: string;
  readonly message: string;
}

export function formatPath(path: ConfigPath): string {
  return path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^[A-Za-z_][\w-]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** `file:line:column: path: message`, as editors and terminals know it. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return printable([place, path, message].filter((part) => part !== undefined).join(': '));
}
