import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { type AdminOptions, requireAdminToken } from '../config/admin-options.js';
import { messageOf, SignalboxError } from '../errors.js';
import { addressOf } from '../model/instance.js';
import { ClientLimits, type Refusal } from './client-limits.js';
import { answerBroken, SafeResponse } from './safe-response.js';

/** How long a client may take, milliseconds. */
export interface Patience {
  /** For the headers of a request. */
  readonly headersTimeout: number;
  /** For a whole request. */
  readonly requestTimeout: number;
  /** Between two looks at these. */
  readonly connectionsCheckingInterval: number;
  /** Without reading anything of an answer. An event stream sends a heartbeat more often. */
  readonly silence: number;
}

const PATIENCE: Patience = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  silence: 30_000,
};
/** Bytes. */
const MOST_HEADER = 16 * 1024;
/** No route reads a body. Bytes. */
const MOST_BODY = 64 * 1024;

/** The admin API over HTTP. */
export class AdminServer {
  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  /** @throws SignalboxError `listen_failed`; `config_invalid` where it needs a token and has none */
  static async start(
    api: Hono,
    options: AdminOptions,
    limits = new ClientLimits(),
    { silence, ...patience } = PATIENCE,
  ): Promise<AdminServer> {
    requireAdminToken(options);
    const { listen } = options;
    const answer = getRequestListener(api.fetch, { hostname: listen.host });
    const http = { ...patience, maxHeaderSize: MOST_HEADER, ServerResponse: SafeResponse };
    const server = createServer(http, (incoming, outgoing) => {
      const refusal = refusalOf(incoming) ?? limits.admit(incoming);
      if (refusal !== undefined) return refuse(outgoing, refusal);
      const began = performance.now();
      answer(incoming, outgoing).catch(() => outgoing.destroy());
      limits.charge(incoming, performance.now() - began);
    });
    server.setTimeout(silence);
    server.on('connection', (socket: Socket) => limits.connected(socket));
    server.on('checkExpectation', (_, outgoing: SafeResponse) =>
      refuse(outgoing, { status: 417, error: 'only "Expect: 100-continue" is understood' }),
    );
    server.on('clientError', answerBroken);
    return await new Promise((resolve, reject) => {
      server.once('error', (error) => {
        reject(
          new SignalboxError('listen_failed', `cannot listen on ${addressOf(listen)}: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      });
      server.listen(listen.port, listen.host, () => {
        const bound = server.address();
        const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port;
        resolve(new AdminServer(server, addressOf({ host: listen.host, port })));
      });
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

function refusalOf({ headers }: IncomingMessage): Refusal | undefined {
  const length = Number(headers['content-length'] ?? 0);
  if (length <= MOST_BODY && headers['transfer-encoding'] === undefined) return undefined;
  return {
    status: 413,
    error: 'the request body is too large: no route of the admin API reads one',
  };
}

/** Ends the connection as well: the rest of the request is not read. */
function refuse(outgoing: SafeResponse, { status, error, headers = {} }: Refusal): void {
  const body = JSON.stringify({ error });
  outgoing.writeHead(status, { ...headers, 'content-type': 'application/json', connection: 'close' });
  outgoing.end(body);
}
