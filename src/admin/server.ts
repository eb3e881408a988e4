import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { messageOf, SignalboxError } from '../errors.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/instance.js';

/** The admin API over HTTP. */
export class AdminServer {
  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  /** @throws SignalboxError `listen_failed` */
  static async start(routes: Hono, listen: Address): Promise<AdminServer> {
    return await new Promise((resolve, reject) => {
      const server = serve({ fetch: routes.fetch, hostname: listen.host, port: listen.port }, ({ port }) => {
        resolve(new AdminServer(server, addressOf({ host: listen.host, port })));
      }) as Server;
      server.once('error', (error) => {
        reject(
          new SignalboxError('listen_failed', `cannot listen on ${addressOf(listen)}: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      });
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
