import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** The gRPC health service: serving from the first snapshot on, and not any more while the server drains. */
export class Health {
  readonly #implementation: HealthImplementation;
  #serving = false;

  constructor(
    server: Server,
    private readonly services: readonly string[],
  ) {
    this.#implementation = new HealthImplementation(
      Object.fromEntries(this.#names().map((name) => [name, 'NOT_SERVING'])),
    );
    this.#implementation.addToServer(server);
  }

  set serving(serving: boolean) {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const name of this.#names())
      this.#implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** The empty name stands for the server as a whole. */
  #names(): readonly string[] {
    return ['', ...this.services];
  }
}
