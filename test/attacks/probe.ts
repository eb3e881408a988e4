import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { WireStream } from '../conformance/wire-stream.js';
import type { Etcd } from '../peers/etcd.js';
import { connect } from '../support/ads-client.js';

const SERVICE = 'service-0';
/** Milliseconds between two changes, and how long one is waited for. */
const PACE = 50;
const PATIENCE = 10_000;

/** What a well-behaved proxy sees: milliseconds from the write to etcd until its answer is there. */
export interface Latencies {
  readonly times: readonly number[];
  /** Changes that did not come. */
  readonly lost: number;
  /** The server's memory, megabytes, at its highest. */
  readonly rss: number;
}

/** A well-behaved proxy and the changes that it waits for. */
export class Probe {
  #stream: WireStream;
  #updates = 0;
  #arrived: () => void = () => undefined;
  #weight = 0;
  readonly #client;

  constructor(
    private readonly etcd: Etcd,
    xdsPort: number,
    private readonly pid: number,
    channel?: ChannelCredentials,
  ) {
    this.#client = connect(`127.0.0.1:${xdsPort}`, {}, channel);
    this.#stream = this.#open();
  }

  async measure(milliseconds: number): Promise<Latencies> {
    const end = performance.now() + milliseconds;
    const times: number[] = [];
    let lost = 0;
    let rss = 0;
    while (performance.now() < end) {
      const began = performance.now();
      const arrival = this.#next();
      this.#weight = (this.#weight % 100) + 1;
      await this.etcd.client.put(`/services/${SERVICE}/127.0.0.1:1000`, { weight: this.#weight });
      if (await arrival) times.push(performance.now() - began);
      else lost += 1;
      rss = Math.max(rss, residentMegabytes(this.pid));
      await setTimeout(PACE);
    }
    return { times: times.sort((a, b) => a - b), lost, rss };
  }

  close(): void {
    this.#stream.cut();
    this.#client.close();
  }

  #open(): WireStream {
    const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
    const stream = new WireStream(this.#client, path, 'delta', ({ typeUrl, nonce }) => {
      stream.send({ typeUrl, nonce });
      this.#updates += 1;
      this.#arrived();
    });
    const node = { id: 'well-behaved', cluster: 'probe' };
    stream.send({ typeUrl: TYPE_URL.endpoints, node, subscribe: [SERVICE] });
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

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
