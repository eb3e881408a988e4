import type { NacosServer } from './server.js';

/** The servers of the cluster: one is in use until another one is. */
export class Ring {
  #first = 0;

  constructor(private readonly servers: readonly [NacosServer, ...NacosServer[]]) {}

  get current(): NacosServer {
    return this.servers[this.#first] ?? this.servers[0];
  }

  /** The one in use, then the others. */
  inTurn(): readonly NacosServer[] {
    return [...this.servers.slice(this.#first), ...this.servers.slice(0, this.#first)];
  }

  use(server: NacosServer): void {
    this.#first = this.servers.indexOf(server);
  }
}
