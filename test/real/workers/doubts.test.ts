import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { connect } from '../../support/ads-client.js';
import { ModelledProxy } from '../../support/modelled-proxy.js';
import { Signalbox } from '../../support/signalbox.js';

// A proxy that rejects a response without a reason that names anything has all, part or nothing of it, and reports the
// versions from before. Whichever worker it comes back to has to say again what the response touched.

let ports: readonly number[];
let signalbox: Signalbox;

const config = (...listeners: readonly string[]) => ({
  xds: { listen: `127.0.0.1:${ports[0]}`, workers: 2 },
  admin: { listen: '127.0.0.1:0' },
  discovery: { file: { path: 'services.yaml' } },
  quarantine: false,
  listeners: listeners.map((name, index) => ({ name, address: `127.0.0.1:${ports[index + 1]}` })),
});

beforeAll(async () => {
  ports = await Promise.all([freePort(), freePort(), freePort()]);
  signalbox = await Signalbox.start(config('http'), {
    before: (folder) => writeFileSync(join(folder, 'services.yaml'), 'services: {}\n'),
  });
});

afterAll(async () => {
  await signalbox?.close();
});

/** What the admin API shows of a proxy. */
interface Shown {
  readonly node: { readonly id: string };
  readonly worker: number;
  readonly types: Readonly<Record<string, { readonly rejected: readonly unknown[] }>>;
}

/** A proxy with a connection of its own for each of its streams. */
class MovingProxy {
  /** Why it rejects everything. */
  refusal: string | undefined;
  /** What the responses of the current stream remove. */
  removed: string[] = [];
  readonly model: ModelledProxy;
  #client: ReturnType<typeof connect> | undefined;

  constructor(readonly node: string) {
    this.model = new ModelledProxy({
      node,
      protocol: 'delta',
      names: new Map([[TYPE_URL.listener, []]]),
      judge: ({ removed }) => {
        this.removed.push(...removed);
        return this.refusal;
      },
    });
  }

  connect(): void {
    this.removed = [];
    this.#client = connect(`127.0.0.1:${ports[0]}`, { 'grpc.use_local_subchannel_pool': 1 });
    this.model.connect(this.#client);
  }

  cut(): void {
    this.model.cut();
    this.#client?.close();
  }

  async worker(): Promise<number | undefined> {
    return (await this.#shown())?.worker;
  }

  /** Waits until its worker has read that it rejects. */
  async rejected(): Promise<void> {
    await eventually(async () => {
      const types = Object.values((await this.#shown())?.types ?? {});
      const rejections = types.flatMap(({ rejected }) => rejected);
      expect(rejections.length).toBeGreaterThan(0);
    });
  }

  async #shown(): Promise<Shown | undefined> {
    const { proxies } = await signalbox.get<{ proxies: readonly Shown[] }>('/proxies');
    return proxies.find(({ node }) => node.id === this.node);
  }

  /** Comes back until it is at this worker. */
  async connectTo(worker: number): Promise<void> {
    await eventually(async () => {
      this.cut();
      this.connect();
      await eventually(async () => expect(await this.worker()).toBeDefined());
      expect(await this.worker()).toBe(worker);
    }, 20_000);
  }
}

async function serve(...listeners: readonly string[]): Promise<void> {
  signalbox.configure(config(...listeners));
  signalbox.process.signal('SIGHUP');
  const observer = new MovingProxy('observer');
  observer.connect();
  await eventually(() => expect([...observer.model.held].length).toBe(listeners.length), 20_000);
  observer.cut();
}

/** Kills a worker and waits for the one in its place. */
async function replace(worker: number): Promise<void> {
  const started = () =>
    signalbox.process.output
      .split('\n')
      .filter((line) => line.includes('"msg":"worker serving"'))
      .map((line) => JSON.parse(line))
      .filter((line) => line.worker === worker)
      .map(({ pid }) => Number(pid));
  const before = started();
  process.kill(before.at(-1) ?? 0, 'SIGKILL');
  await eventually(() => expect(started().length).toBeGreaterThan(before.length), 20_000);
}

const other = (worker: number) => 3 - worker;

test('a worker says again what a proxy rejected at another one, also one that was killed or is new', async () => {
  const [one, two] = [new MovingProxy('one'), new MovingProxy('two')];
  for (const proxy of [one, two]) proxy.connect();
  try {
    for (const proxy of [one, two]) await eventually(() => expect(proxy.model.held.size).toBe(1));
    await one.connectTo(1);
    await two.connectTo(2);
    for (const proxy of [one, two]) proxy.refusal = 'something in it is wrong';
    await serve('http', 'public');
    for (const proxy of [one, two]) await proxy.rejected();
    // One loses its stream, the other one its worker.
    one.cut();
    await replace(2);
    two.cut();
    await eventually(async () => expect(await one.worker()).toBeUndefined());
    await serve('http');
    for (const proxy of [one, two]) proxy.refusal = undefined;

    await one.connectTo(other(1));
    await eventually(() => expect(one.removed).toEqual(['public']));
    await two.connectTo(other(2));
    await eventually(() => expect(two.removed).toEqual(['public']));
    // Several proxies may have one node id: what is in doubt stays so, in a worker that is new too.
    one.cut();
    await replace(1);
    await one.connectTo(1);
    await eventually(() => expect(one.removed).toEqual(['public']));
  } finally {
    for (const proxy of [one, two]) proxy.cut();
  }
}, 60_000);
