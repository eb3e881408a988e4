import { hasConnection } from './socket-owner.js';
import { TcpProxy } from './tcp-proxy.js';

/** Where the members of a cluster reach one another; each listens at the same port of 127.0.0.1. */
export const NETWORK = '127.0.1.1';

/** The network between the members of a cluster, in which a member can be cut off from the others. */
export class MemberNetwork {
  private constructor(private readonly members: readonly (readonly TcpProxy[])[]) {}

  /** @param ports of each member, for the other members */
  static async start(ports: readonly (readonly number[])[]): Promise<MemberNetwork> {
    const proxies = ports.map(
      async (own) => await Promise.all(own.map(async (port) => await TcpProxy.start(port, port, NETWORK))),
    );
    return new MemberNetwork(await Promise.all(proxies));
  }

  /** Nothing comes from a member or gets to it. Connections stay open. @param pid of the member */
  isolate(member: number, pid: number): void {
    for (const [index, proxies] of this.members.entries())
      for (const proxy of proxies)
        proxy.stall(index === member ? () => true : (port) => hasConnection(pid, port, proxy.port));
  }

  reunite(): void {
    for (const proxy of this.members.flat()) proxy.forward();
  }

  async close(): Promise<void> {
    await Promise.all(this.members.flat().map(async (proxy) => await proxy.close()));
  }
}
