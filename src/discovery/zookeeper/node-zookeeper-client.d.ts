/** The parts of node-zookeeper-client 1.1.3 that are used, some of which its documents do not name. */
declare module 'node-zookeeper-client' {
  import type { Socket } from 'node:net';

  export interface Exception extends Error {
    getCode(): number;
  }

  export interface Stat {
    readonly version: number;
    /** The transaction of the last change of the data; 8 bytes, big endian. */
    readonly mzxid: Buffer;
    /** The transaction of the last change of the list of children. */
    readonly pzxid: Buffer;
  }

  export type Watcher = () => void;

  export interface ConnectionManager {
    servers: readonly { readonly host: string; readonly port: number }[];
    readonly socket?: Socket;
    readonly connectTimeoutHandler: NodeJS.Timeout | null;
    /** The requests that have no reply yet, oldest first. */
    readonly pendingQueue: readonly { readonly callback: (error: Exception) => void }[];
    onSocketData: (chunk: Buffer) => void;
    onSocketError: (error: Error) => void;
    onSocketClosed: () => void;
  }

  export interface Acl {
    readonly permission: number;
  }

  export interface Transaction {
    create(path: string, data: Buffer): this;
    setData(path: string, data: Buffer): this;
    remove(path: string): this;
    commit(callback: (error: Exception | null) => void): void;
  }

  export interface Client {
    readonly connectionManager: ConnectionManager;
    connect(): void;
    close(): void;
    once(event: 'connected' | 'authenticationFailed', listener: () => void): this;
    addAuthInfo(scheme: string, auth: Buffer): void;
    getData(
      path: string,
      watcher: Watcher | undefined,
      callback: (error: Exception | null, data: Buffer | undefined, stat: Stat) => void,
    ): void;
    getChildren(
      path: string,
      watcher: Watcher | undefined,
      callback: (error: Exception | null, children: readonly string[], stat: Stat) => void,
    ): void;
    exists(
      path: string,
      watcher: Watcher | undefined,
      callback: (error: Exception | null, stat: Stat | null) => void,
    ): void;
    mkdirp(path: string, callback: (error: Exception | null) => void): void;
    create(
      path: string,
      data: Buffer,
      acls: readonly Acl[],
      mode: number,
      callback: (error: Exception | null) => void,
    ): void;
    setData(path: string, data: Buffer, version: number, callback: (error: Exception | null) => void): void;
    remove(path: string, version: number, callback: (error: Exception | null) => void): void;
    transaction(): Transaction;
  }

  export interface ClientOptions {
    /** Milliseconds. */
    readonly sessionTimeout?: number;
    readonly spinDelay?: number;
    readonly retries?: number;
  }

  const zookeeper: {
    createClient(connectString: string, options?: ClientOptions): Client;
    readonly ACL: {
      readonly OPEN_ACL_UNSAFE: readonly Acl[];
      readonly CREATOR_ALL_ACL: readonly Acl[];
    };
    readonly CreateMode: { readonly PERSISTENT: number; readonly EPHEMERAL: number };
    /** The codes by their names, and a few functions. */
    readonly Exception: {
      readonly SYSTEM_ERROR: number;
      readonly CONNECTION_LOSS: number;
      readonly OPERATION_TIMEOUT: number;
      readonly NO_NODE: number;
      readonly NO_AUTH: number;
      readonly NODE_EXISTS: number;
      readonly SESSION_EXPIRED: number;
      readonly AUTH_FAILED: number;
      create(code: number): Exception;
    };
  };
  export default zookeeper;
}
