import { credentials, type Client as GrpcClient, Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RouteAction } from '../../src/generated/types/envoy/config/route/v3/RouteAction.js';
import type { Instance } from '../../src/model/instance.js';
import { encode, pack } from '../../src/protobuf/messages.js';
import { ADS, clusterResource } from '../../src/resources/cluster.js';
import { endpointsResource } from '../../src/resources/endpoints.js';
import { resourceFromBytes } from '../../src/resources/given.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { eventually } from '../peers/eventually.js';
import { ControlPlane } from '../support/control-plane.js';

// gRPC's own xDS client: another reading of the protocol than Envoy's, with stricter rules.

const METHOD = '/acme.Greeter/Greet';
const asIs = (bytes: Buffer): Buffer => bytes;

/** A gRPC service that says its name. */
class Greeter {
  readonly #server = new Server();
  #port = 0;

  static async start(name: string): Promise<Greeter> {
    const greeter = new Greeter();
    const greet = {
      path: METHOD,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    greeter.#server.addService(
      { greet },
      {
        greet: (_call: unknown, done: (error: null, answer: Buffer) => void) => done(null, Buffer.from(name)),
      },
    );
    greeter.#port = await new Promise<number>((resolve, reject) => {
      greeter.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    return greeter;
  }

  get instance(): Instance {
    return { host: '127.0.0.1', port: this.#port, weight: 1, metadata: {} };
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** What a client needs to follow `xds:///greeter`. */
function greeterResources(...instances: readonly Instance[]) {
  return [...greeterRouting({ cluster: 'greeter-cluster' }), ...clusterWith('greeter-cluster', ...instances)];
}

function clusterWith(name: string, ...instances: readonly Instance[]) {
  const policy = { connectTimeout: 1_000, lbPolicy: 'ROUND_ROBIN' } as const;
  return [clusterResource(name, instances, policy), endpointsResource(name, instances)];
}

/** The listener and the routes of `xds:///greeter`. */
function greeterRouting(route: RouteAction) {
  const router = pack('envoy.extensions.filters.http.router.v3.Router', {});
  const manager = pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    rds: { config_source: ADS, route_config_name: 'greeter-routes' },
    http_filters: [{ name: 'router', typed_config: router }],
  });
  const listener = encode('envoy.config.listener.v3.Listener', {
    name: 'greeter',
    api_listener: { api_listener: manager },
  });
  const routes = encode('envoy.config.route.v3.RouteConfiguration', {
    name: 'greeter-routes',
    virtual_hosts: [
      {
        name: 'greeter',
        domains: ['greeter'],
        routes: [{ match: { prefix: '' }, route }],
      },
    ],
  });
  return [
    resourceFromBytes(TYPE_URL.listener, 'greeter', listener),
    resourceFromBytes(TYPE_URL.route, 'greeter-routes', routes),
  ];
}

let plane: ControlPlane;
let one: Greeter;
let two: Greeter;
let client: GrpcClient;

beforeAll(async () => {
  [plane, one, two] = await Promise.all([ControlPlane.start(), Greeter.start('one'), Greeter.start('two')]);
  const bootstrap = {
    xds_servers: [{ server_uri: plane.address, channel_creds: [{ type: 'insecure' }] }],
    node: { id: 'proxyless', locality: {} },
  };
  // Read when the client is loaded.
  vi.stubEnv('GRPC_XDS_BOOTSTRAP_CONFIG', JSON.stringify(bootstrap));
  const [{ register }, { Client }] = await Promise.all([
    import('@grpc/grpc-js-xds'),
    import('@grpc/grpc-js'),
  ]);
  register();
  client = new Client('xds:///greeter', credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  one.stop();
  two.stop();
  await plane.server.stop();
  vi.unstubAllEnvs();
});

const call = async (): Promise<string> =>
  await new Promise((resolve, reject) => {
    const deadline = { deadline: Date.now() + 15_000 };
    client.makeUnaryRequest(METHOD, asIs, asIs, Buffer.from('hi'), deadline, (error, answer) =>
      error === null ? resolve(String(answer)) : reject(error),
    );
  });

/** Type → whether everything that was sent has been accepted. */
const accepted = () =>
  Object.fromEntries(
    [...plane.server.streams].flatMap(({ state }) =>
      [...state.types.values()].map((type) => [
        type.typeUrl,
        type.version !== '' && type.acknowledgedVersion === type.version && type.rejected.size === 0,
      ]),
    ),
  );

test('a proxyless call finds its service, and follows its endpoints', async () => {
  plane.publish(...greeterResources(one.instance));
  expect(await call()).toBe('one');
  const { listener, route, cluster, endpoints } = TYPE_URL;
  await eventually(() =>
    expect(accepted()).toEqual({ [listener]: true, [route]: true, [cluster]: true, [endpoints]: true }),
  );

  plane.publish(...greeterResources(one.instance, two.instance));
  const seen = new Set<string>();
  await eventually(async () => {
    seen.add(await call());
    expect([...seen].sort()).toEqual(['one', 'two']);
  });

  plane.publish(...greeterResources(two.instance));
  await eventually(async () => {
    const answers = await Promise.all([call(), call(), call(), call()]);
    expect(answers).toEqual(['two', 'two', 'two', 'two']);
  });
  await eventually(() => expect(Object.values(accepted())).toEqual([true, true, true, true]));
});

test('a weighted split sends calls by its shares, and follows a change of them', async () => {
  const split = (ofOne: number, ofTwo: number) => {
    const clusters = [
      { name: 'greeter-one', weight: { value: ofOne } },
      { name: 'greeter-two', weight: { value: ofTwo } },
    ];
    return [
      ...greeterRouting({ weighted_clusters: { clusters } }),
      ...clusterWith('greeter-one', one.instance),
      ...clusterWith('greeter-two', two.instance),
    ];
  };
  const shareOfOne = async (calls: number): Promise<number> => {
    const answers: string[] = [];
    for (let made = 0; made < calls; made += 1) answers.push(await call());
    return answers.filter((answer) => answer === 'one').length / calls;
  };

  plane.publish(...split(0, 100));
  await eventually(async () => expect(await shareOfOne(8)).toBe(0));
  plane.publish(...split(75, 25));
  await eventually(async () => expect(await shareOfOne(4)).toBeGreaterThan(0));
  // 400 calls of which each goes to one with a chance of 0.75: beyond these bounds less than once in a billion runs.
  const share = await shareOfOne(400);
  expect(share).toBeGreaterThan(0.6);
  expect(share).toBeLessThan(0.9);
  await eventually(() => expect(Object.values(accepted())).toEqual([true, true, true, true]));
});
