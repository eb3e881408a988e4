import type { Variant } from '../../conformance/variant.js';
import { encodeRequest } from '../../conformance/wire.js';
import type { Target } from '../attack.js';
import { framed, type GrpcCall, GrpcConnection } from './grpc.js';
import { ADS } from './services.js';

type Request = Parameters<typeof encodeRequest>[1];

/** One stream that asks for things and reads the answers. */
export class Asker {
  responses = 0;
  sent = 0;
  readonly #connection: GrpcConnection;
  readonly #call: GrpcCall | undefined;

  constructor(
    private readonly protocol: Variant['protocol'],
    target: Target,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#connection = new GrpcConnection(target);
    const verb = protocol === 'sotw' ? 'Stream' : 'Delta';
    this.#call = this.#connection.call(`${ADS}/${verb}AggregatedResources`, headers)?.read(() => {
      this.responses += 1;
    });
  }

  /** Its status, once it has ended. */
  get ended(): string | undefined {
    return this.#call?.status ?? this.#connection.closed;
  }

  /** @returns whether the stream is still open */
  async ask(request: Request): Promise<boolean> {
    return await this.send(encodeRequest(this.protocol, request));
  }

  async send(body: Uint8Array): Promise<boolean> {
    this.sent += 1;
    return (await this.#call?.write(framed(body))) ?? false;
  }

  close(): void {
    this.#connection.close();
  }

  toString(): string {
    const end = this.ended === undefined ? 'the stream stayed open' : `the stream ended: ${this.ended}`;
    return `${this.sent} requests, ${this.responses} responses; ${end}`;
  }
}
