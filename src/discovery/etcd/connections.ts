import { createHash } from 'node:crypto';
import { EtcdConnection } from './connection.js';
import type { EtcdConnectionOptions } from './options.js';

/** Connections that are shared by all who want the same endpoints with the same credentials. */
export class EtcdConnections {
  readonly #open = new Map<string, { readonly connection: EtcdConnection; users: number }>();

  /** Give it back by `release`; the last one to do so closes it. */
  acquire(options: EtcdConnectionOptions): EtcdConnection {
    const key = keyOf(options);
    const entry = this.#open.get(key) ?? { connection: new EtcdConnection(options), users: 0 };
    entry.users += 1;
    this.#open.set(key, entry);
    return entry.connection;
  }

  release(connection: EtcdConnection): void {
    const key = keyOf(connection.options);
    const entry = this.#open.get(key);
    if (entry?.connection !== connection) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#open.delete(key);
    connection.close();
  }
}

/** Hashed, since it is made of credentials too. */
function keyOf(options: EtcdConnectionOptions): string {
  const { endpoints, user, password, password_file, tls, timeout, keepalive_interval, max_answer } = options;
  const parts = [endpoints, user, password, password_file, tls, timeout, keepalive_interval, max_answer];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
