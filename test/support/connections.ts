import type { Client } from '@grpc/grpc-js';
import { connect } from './ads-client.js';

/** Clients with a connection of their own each, which take answers of any size. */
export class Connections {
  readonly #clients: Client[] = [];

  open(address: string): Client {
    const client = connect(address, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
    this.#clients.push(client);
    return client;
  }

  close(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }
}
