import { type Client, type ClientDuplexStream, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { Variant } from './variant.js';
import { decodeResponse, encodeRequest, type Received, type Sent } from './wire.js';

/** One gRPC stream to the control plane, as raw as it comes. */
export class WireStream {
  /** Its status, once it has ended. */
  readonly ended: Promise<StatusObject>;
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;

  constructor(
    client: Client,
    path: string,
    private readonly protocol: Variant['protocol'],
    received: (response: Received) => void,
    metadata = new Metadata(),
  ) {
    this.#call = client.makeBidiStreamRequest<Uint8Array, Buffer>(
      path,
      (bytes) => Buffer.from(bytes),
      (bytes) => bytes,
      metadata,
    );
    this.#call.on('data', (bytes: Buffer) => received(decodeResponse(protocol, bytes)));
    // What went wrong is in the status; without a listener an error would end the tests.
    this.#call.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.#call.on('status', resolve));
  }

  send(request: Sent): void {
    this.sendBytes(encodeRequest(this.protocol, request));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#call.write(bytes);
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** Says that nothing more will be asked, and waits for the end of what the server has to say. */
  async halfClose(): Promise<StatusObject> {
    this.#call.end();
    return await this.ended;
  }

  cut(): void {
    this.#call.cancel();
  }
}

export const statusName = (code: number): string => status[code] ?? String(code);
