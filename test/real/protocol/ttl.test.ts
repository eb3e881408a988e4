import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import type { SignalboxError } from '../../../src/errors.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Certificates } from '../../peers/certificates.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { ControlPlane } from '../../support/control-plane.js';
import { type EveryType, EveryTypeLab } from '../../support/every-type.js';

const TTL = 1_200;

/** What is gone once its TTL is over. Envoy keeps routes, endpoints and secrets; in SotW Signalbox sends no TTL of others. */
const EXPIRING: Readonly<Record<'sotw' | 'delta', readonly EveryType[]>> = {
  sotw: ['CDS', 'LDS', 'RTDS'],
  delta: ['CDS', 'LDS', 'RTDS', 'ECDS', 'SRDS', 'VHDS'],
};

/** An Envoy with its control plane, which can be away. */
class Situation {
  readonly errors: SignalboxError[] = [];
  /** Of clusters, heartbeats among them. */
  responses = 0;
  #plane: ControlPlane | undefined;
  #port = 0;
  #envoy: Envoy | undefined;

  private constructor(
    readonly mode: 'sotw' | 'delta',
    private readonly lab: EveryTypeLab,
  ) {}

  static async start(mode: 'sotw' | 'delta', certificates: Certificates): Promise<Situation> {
    const situation = new Situation(mode, await EveryTypeLab.make(mode, TTL, certificates));
    await situation.startPlane();
    const bootstrap = parseDocument(adsBootstrap({ mode, xdsPort: situation.#port }));
    bootstrap.setIn(['layered_runtime'], EveryTypeLab.runtime);
    situation.#envoy = await Envoy.start(bootstrap.toString());
    return situation;
  }

  async startPlane(): Promise<void> {
    const observer = {
      sent: (typeUrl: string) => {
        if (typeUrl === TYPE_URL.cluster) this.responses += 1;
      },
    };
    const onError = (error: SignalboxError) => void this.errors.push(error);
    this.#plane = await ControlPlane.start({ observer, onError }, this.#port);
    this.#port = this.#plane.port;
    this.#plane.publish(...this.lab.resources());
  }

  async stopPlane(): Promise<void> {
    await this.#plane?.server.stop();
  }

  /** Fails unless Envoy has what carries a TTL of every type but these. */
  async lacks(...types: readonly EveryType[]): Promise<void> {
    const expected = Object.fromEntries(this.lab.types.map((type) => [type, !types.includes(type)]));
    expect(await this.lab.seen(this.envoy)).toEqual(expected);
  }

  get envoy(): Envoy {
    if (this.#envoy === undefined) throw new Error('it has not been started');
    return this.#envoy;
  }

  get status() {
    const types = this.#plane?.cache.status().flatMap((stream) => [...stream.types]);
    return new Map(types?.map(([typeUrl, { withoutTtl }]) => [typeUrl, withoutTtl]));
  }

  async stop(): Promise<void> {
    await this.#envoy?.stop();
    await this.stopPlane();
  }
}

let certificates: Certificates;
let situations: readonly Situation[] = [];
beforeAll(async () => {
  certificates = await Certificates.make();
  situations = await Promise.all([
    Situation.start('sotw', certificates),
    Situation.start('delta', certificates),
  ]);
});
afterAll(async () => {
  for (const situation of situations) await situation.stop();
  certificates?.remove();
});
const both = (work: (situation: Situation) => Promise<unknown>) => Promise.all(situations.map(work));

describe('resources with a TTL, of every type, in an Envoy of each variant', () => {
  test('stay while there are heartbeats', async () => {
    await both(async (situation) => {
      await eventually(() => situation.lacks());
      const { responses } = situation;
      // Three heartbeats in a TTL.
      await eventually(() => expect(situation.responses).toBeGreaterThan(responses + 7));
      await situation.lacks();
    });
  });

  test('are sent without it in SotW where Envoy would crash, which the library says once', async () => {
    const [sotw, delta] = situations;
    const types = [TYPE_URL.endpoints, TYPE_URL.route, TYPE_URL.secret, TYPE_URL.extensionConfig];
    const named = ['assigned', 'routes', 'certificate', 'extension'];
    expect(new Set(sotw?.errors.map(({ code }) => code))).toEqual(new Set(['ttl_not_sent']));
    expect(sotw?.errors.map(({ message }) => /"(.+?)"/.exec(message)?.[1]).sort()).toEqual(
      [...named, 'scope'].sort(),
    );
    expect(types.map((typeUrl) => sotw?.status.get(typeUrl))).toEqual(named.map((name) => [name]));
    expect(delta?.errors).toEqual([]);
    expect([...(delta?.status.values() ?? [])].flat()).toEqual([]);
  });

  test('return after a control plane that stood still for longer', async () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.5 * TTL);
    await both(async (situation) => {
      await eventually(async () => {
        const removed = await situation.envoy.stats('cluster_manager.cluster_removed');
        expect(removed.get('cluster_manager.cluster_removed')).toBeGreaterThan(0);
        await situation.lacks();
      });
    });
  });

  test('expire without a control plane, and return with it', async () => {
    await both(async (situation) => {
      await situation.stopPlane();
      await eventually(() => situation.lacks(...EXPIRING[situation.mode]));
      await situation.startPlane();
      await eventually(() => situation.lacks(), 20_000);
    });
  });
});
