import { setTimeout } from 'node:timers/promises';
import { type ChannelCredentials, Metadata } from '@grpc/grpc-js';
import { statusName, WireStream } from '../conformance/wire-stream.js';
import { connect } from '../support/ads-client.js';
import type { Followed } from './followed.js';
import type { Sample } from './verdict.js';
import { ADS } from './wire/services.js';

/** Milliseconds between two changes, the longest wait for one, and the pause before a lost stream is opened again. */
const PACE = 50;
const PATIENCE = 5_000;
const RECONNECT = 100;

/** A well-behaved proxy, and the changes that it waits for. */
export class Probe {
  readonly #client;
  readonly #metadata = new Metadata();
  readonly #ends: string[] = [];
  #stream: WireStream;
  #updates = 0;
  #arrived: () => void = () => undefined;
  #step = 0;
  #closed = false;

  constructor(
    xdsPort: number,
    private readonly followed: Followed,
    { channel, token }: { readonly channel?: ChannelCredentials; readonly token?: string } = {},
  ) {
    if (token !== undefined) this.#metadata.set('authorization', `Bearer ${token}`);
    this.#client = connect(`127.0.0.1:${xdsPort}`, {}, channel);
    this.#stream = this.#open();
  }

  /** Makes changes for so many milliseconds, one after the other, and waits for each. */
  async measure(milliseconds: number): Promise<Sample> {
    const end = performance.now() + milliseconds;
    const times: number[] = [];
    let lost = 0;
    this.#ends.length = 0;
    while (performance.now() < end) {
      const began = performance.now();
      const arrival = this.#next();
      this.#step = (this.#step % 100) + 1;
      await this.followed.change(this.#step);
      if (await arrival) times.push(performance.now() - began);
      else lost += 1;
      await setTimeout(PACE);
    }
    return { times: times.sort((a, b) => a - b), lost, ends: [...this.#ends] };
  }

  close(): void {
    this.#closed = true;
    this.#stream.cut();
    this.#client.close();
  }

  #open(): WireStream {
    const received = ({ typeUrl, nonce }: { readonly typeUrl: string; readonly nonce: string }) => {
      stream.send({ typeUrl, nonce });
      this.#updates += 1;
      this.#arrived();
    };
    const stream = new WireStream(
      this.#client,
      `${ADS}/DeltaAggregatedResources`,
      'delta',
      received,
      this.#metadata,
    );
    const node = { id: 'well-behaved', cluster: 'probe' };
    stream.send({ typeUrl: this.followed.typeUrl, node, subscribe: [this.followed.name] });
    void stream.ended.then(async ({ code, details }) => {
      if (this.#closed) return;
      this.#ends.push(`${statusName(code)} ${details}`);
      await setTimeout(RECONNECT);
      if (!this.#closed) this.#stream = this.#open();
    });
    return stream;
  }

  /** Whether an update comes in time. */
  async #next(): Promise<boolean> {
    const before = this.#updates;
    return await Promise.race([
      new Promise<boolean>((done) => {
        this.#arrived = () => {
          if (this.#updates > before) done(true);
        };
      }),
      setTimeout(PATIENCE, false, { ref: false }),
    ]);
  }
}
