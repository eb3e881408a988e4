import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Certificates, KeyPair } from '../peers/certificates.js';
import type { Consul } from '../peers/consul.js';
import type { Etcd } from '../peers/etcd.js';
import type { PeerProcess } from '../peers/process.js';
import type { Followed } from './followed.js';

/** One row of the table: a hostile client, registry or browser. */
export interface Attack {
  readonly name: string;
  /** Prepares the attacked server. It runs in the process of the suite, before the server starts. */
  readonly stage?: (world: World) => Stage | Promise<Stage>;
  /** Attacks until `signal` is aborted. It runs in a process of its own. */
  readonly strike: Strike;
  /** Seconds under attack, where the suite's own number is not right. */
  readonly seconds?: number;
}

export type Strike = (target: Target, signal: AbortSignal, tell: Tell) => Promise<void>;

/** Takes the function that describes the result. It is called again and again. */
export type Tell = (outcome: () => string | Outcome) => void;

/** The result of an attack so far. */
export interface Outcome {
  readonly text: string;
  /** A reaction of the server that fails the row, besides the common requirements. */
  readonly wrong?: string | undefined;
}

/** The server, as the attacker sees it. */
export interface Target {
  /** The address of the xDS port. */
  readonly host: string;
  readonly xdsPort: number;
  /** `http://host:port` */
  readonly admin: string;
  /** The folder of the configuration file `signalbox.yaml`. */
  readonly folder: string;
  /** What the stage gives its attacker, such as the URL of a registry. */
  readonly given: Readonly<Record<string, string>>;
}

/** What all rows share. */
export interface World {
  readonly etcd: Etcd;
  /** Keeps one processor busy while it is not frozen. */
  readonly decoy: PeerProcess;
  /** Started for the first row that needs it. */
  readonly consul: () => Promise<Consul>;
  /** The authority that the server trusts. */
  readonly good: Certificates;
  /** An authority that the server does not know. */
  readonly other: Certificates;
}

/** The setting of one attack. Without it the server has the default limits and follows an etcd. */
export interface Stage {
  /** Goes over the common configuration, key by key at the top; `discovery` and `xds` are merged. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Files for the folder of the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** The resource whose changes the well-behaved proxy waits for. By default a service of the etcd. */
  readonly followed?: (folder: string) => Followed;
  /** How the well-behaved proxy connects. */
  readonly proxy?: { readonly channel?: ChannelCredentials; readonly token?: string };
  /** Attack from another address than loopback, where the machine has one: loopback has no limits per client. */
  readonly fromOutside?: boolean;
  readonly given?: Readonly<Record<string, string>>;
  /** Removes what the stage has put into the shared servers. */
  readonly close?: () => Promise<void>;
}

export type { KeyPair };
