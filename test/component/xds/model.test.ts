import fc, { type Arbitrary, type Command } from 'fast-check';
import { expect, test } from 'vitest';
import { NameTable } from '../../../src/xds/name-set.js';
import { RequestReader } from '../../../src/xds/request.js';
import { ResponseFactory } from '../../../src/xds/response.js';
import { StepMemory } from '../../../src/xds/step-memory.js';
import type { Shared } from '../../../src/xds/stream-state.js';
import { FULL, InterleavedStreams, TYPES } from '../../conformance/interleaved-streams.js';

const RUNS = 10_000;
const STREAMS = 3;
const NAMES = ['a', 'b', 'c'];
/** Milliseconds: a slow machine is given time. */
const LONGEST = 300_000;

interface Asked {
  everything: boolean;
  readonly names: Set<string>;
}

/**
 * The protocol in a few words: there is a truth, and each proxy asks for parts of it. Whatever was answered, refused,
 * crossed or lost on the way: when all is quiet, a proxy knows the truth of what it asks for.
 */
class Model {
  readonly truth = new Map<string, Map<string, string>>(TYPES.map((typeUrl) => [typeUrl, new Map()]));
  readonly connected = new Set<number>();
  readonly #asked = new Map<string, Asked>();

  asked(proxy: number, typeUrl: string): Asked {
    const key = `${proxy} ${typeUrl}`;
    const asked = this.#asked.get(key) ?? { everything: false, names: new Set() };
    this.#asked.set(key, asked);
    return asked;
  }

  /** The first request of a stream that names nothing asks for everything, where there is such a thing. */
  connect(proxy: number): void {
    this.connected.add(proxy);
    for (const typeUrl of FULL) {
      const asked = this.asked(proxy, typeUrl);
      asked.everything = asked.names.size === 0;
    }
  }

  covers(proxy: number, typeUrl: string, name: string): boolean {
    const { everything, names } = this.asked(proxy, typeUrl);
    return everything || names.has('*') || names.has(name);
  }
}

type Act = Command<Model, InterleavedStreams>;

function act(
  text: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: InterleavedStreams) => void,
): Act {
  return { check, run, toString: () => text };
}

const short = (typeUrl: string) => typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
/** What a life is about: most of what happens goes to one proxy and one type, or all are alike. */
interface Focus {
  readonly proxies: Arbitrary<number>;
  readonly types: Arbitrary<string>;
}

const proxy = fc.nat(STREAMS - 1);
const type = fc.constantFrom(...TYPES);
const ALL_ALIKE: Focus = { proxies: proxy, types: type };
const focused: Arbitrary<Focus> = fc.tuple(proxy, type).map(([one, about]) => ({
  proxies: fc.oneof({ weight: 6, arbitrary: fc.constant(one) }, { weight: 1, arbitrary: proxy }),
  types: fc.oneof({ weight: 6, arbitrary: fc.constant(about) }, { weight: 1, arbitrary: type }),
}));
const focuses = fc.oneof(fc.constant(ALL_ALIKE), focused);

const some = fc.subarray(NAMES);
/** What goes does so seldom: there is not much to lose else. */
const few = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some });
let contents = 0;

function publishNew(
  { truth }: Model,
  real: InterleavedStreams,
  typeUrl: string,
  changed: readonly string[],
  gone: readonly string[],
): void {
  const now = truth.get(typeUrl) ?? new Map<string, string>();
  const said = new Map<string, string | undefined>();
  for (const name of changed) said.set(name, String(++contents));
  for (const name of gone) said.set(name, undefined);
  for (const [name, content] of said) content === undefined ? now.delete(name) : now.set(name, content);
  real.publish(typeUrl, said);
}

const publish = ({ types }: Focus) =>
  fc.tuple(types, some, few).map(([typeUrl, changed, gone]) =>
    act(
      `publish ${short(typeUrl)} ${changed} -${gone}`,
      () => true,
      (model, real) => publishNew(model, real, typeUrl, changed, gone),
    ),
  );

const connect = ({ proxies }: Focus) =>
  proxies.map((proxy) =>
    act(
      `connect ${proxy}`,
      ({ connected }) => !connected.has(proxy),
      (model, real) => {
        model.connect(proxy);
        real.connect(proxy);
      },
    ),
  );

const disconnect = ({ proxies }: Focus) =>
  proxies.map((proxy) =>
    act(
      `disconnect ${proxy}`,
      ({ connected }) => connected.has(proxy),
      (model, real) => {
        model.connected.delete(proxy);
        real.disconnect(proxy);
      },
    ),
  );

const subscribe = (variant: 'sotw' | 'delta', { proxies, types }: Focus) =>
  fc
    .tuple(proxies, types, some, some, fc.nat(8), fc.option(fc.tuple(some, few), { freq: 1 }), fc.boolean())
    .map(([proxy, typeUrl, wanted, unwanted, star, crosses, regrets]) => {
      const added = star === 0 ? ['*', ...wanted] : wanted;
      const dropped = [
        ...(star === 1 || star === 2 ? ['*'] : []),
        ...unwanted.filter((name) => !wanted.includes(name)),
      ];
      const told = `${regrets ? ', or rather not,' : ''}${crosses === null ? '' : ` while ${crosses[0]} -${crosses[1]} is on its way`}`;
      return act(
        `${proxy} subscribes to ${short(typeUrl)} ${added} -${dropped}${told}`,
        ({ connected }) => connected.has(proxy),
        (model, real) => {
          const asked = model.asked(proxy, typeUrl);
          // In delta a wildcard that came of naming nothing is let go of by name only.
          if (variant === 'delta' && asked.everything) {
            asked.everything = false;
            asked.names.add('*');
          }
          for (const name of dropped) asked.names.delete(name);
          for (const name of [...added, ...(regrets ? dropped : [])]) asked.names.add(name);
          if (asked.names.size > 0) asked.everything = false;
          if (crosses !== null) publishNew(model, real, typeUrl, ...crosses);
          real.subscribe(proxy, typeUrl, added, dropped);
          if (crosses !== null) real.cross(proxy);
          // What it has just let go of it wants after all.
          if (regrets) real.subscribe(proxy, typeUrl, dropped, []);
        },
      );
    });

const answer = ({ proxies, types }: Focus) =>
  fc.tuple(proxies, types, fc.nat(3), fc.boolean()).map(([proxy, typeUrl, chance, firstAlone]) =>
    act(
      `${proxy} ${chance === 0 ? 'rejects' : 'accepts'} ${firstAlone ? 'the first ' : ''}${short(typeUrl)}`,
      ({ connected }) => connected.has(proxy),
      (_, real) => real.answer(proxy, typeUrl, chance > 0, firstAlone),
    ),
  );

const moves = ({ proxies }: Focus) =>
  fc
    .tuple(
      proxies,
      fc.constantFrom('serverReads', 'serverWrites', 'proxyReads', 'losePatience'),
      fc.constantFrom(1, Number.POSITIVE_INFINITY),
    )
    .map(([proxy, move, most]) =>
      act(
        `${proxy} ${move}${most > 1 ? ' all' : ''}`,
        ({ connected }) => connected.has(proxy),
        (_, real) => {
          for (let done = 0; done < most && real[move](proxy); done += 1);
        },
      ),
    );

function settle(proxy: number): Act {
  return act(
    `settle ${proxy}`,
    ({ connected }) => connected.has(proxy),
    (model, real) => {
      real.settle(proxy);
      const unlike = TYPES.flatMap((typeUrl) =>
        NAMES.filter((name) => real.covers(proxy, typeUrl, name) !== model.covers(proxy, typeUrl, name)),
      );
      expect(unlike, 'the two models of the proxy').toEqual([]);
      expect(real.wrong(proxy, model.truth)).toEqual([]);
      expect(real.unanswered(proxy)).toEqual([]);
    },
  );
}

/** What happens oftener stands in it more often. */
function acts(variant: 'sotw' | 'delta', focus: Focus): Arbitrary<Act>[] {
  const [change, move, reply, appear] = [
    subscribe(variant, focus),
    moves(focus),
    answer(focus),
    connect(focus),
  ];
  return [
    ...[publish(focus), publish(focus), appear, appear, disconnect(focus), change, change],
    ...[reply, reply, move, move, move, move, move, move, move, move, move, move],
    focus.proxies.map(settle),
  ];
}

/** Lives begin with all proxies connected: what comes before a connection is nothing. */
function bothConnected(variant: 'sotw' | 'delta', shared: Shared, reader: RequestReader) {
  const model = new Model();
  const real = new InterleavedStreams(variant, shared, reader, STREAMS);
  for (let proxy = 0; proxy < STREAMS; proxy += 1) {
    model.connect(proxy);
    real.connect(proxy);
  }
  return { model, real };
}

test.each(['sotw', 'delta'] as const)(
  `%s: ${RUNS} random lives of three streams of one server end as the model says`,
  async (variant) => {
    // All runs share these too, as all streams that a server ever has.
    const shared: Shared = {
      table: new NameTable(),
      responses: new ResponseFactory('test'),
      memory: new StepMemory(),
    };
    const reader = new RequestReader(shared.table);
    const lives = focuses.chain((focus) =>
      fc.commands(acts(variant, focus), { maxCommands: 80, size: 'max' }),
    );
    const property = fc.property(lives, (commands) => {
      const setup = () => bothConnected(variant, shared, reader);
      let last: ReturnType<typeof setup> | undefined;
      fc.modelRun(() => {
        last = setup();
        return last;
      }, commands);
      if (last === undefined) throw new Error('nothing was set up');
      const { model, real } = last;
      for (const proxy of model.connected) settle(proxy).run(model, real);
    });
    for (let seed = 0; seed < RUNS; seed += RUNS / 10) {
      fc.assert(property, { seed, numRuns: RUNS / 10, unbiased: true });
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  LONGEST,
);
