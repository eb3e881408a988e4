import { status } from '@grpc/grpc-js';
import type { Permission } from '../access/admission.js';
import type { Group } from '../snapshot/cache.js';
import type { Refusal } from './guard/gate.js';
import { type ProxyNode, UNKNOWN_NODE } from './node.js';
import { excerptOf } from './node-excerpt.js';

export interface IdentityDependencies {
  readonly groupOf: (node: ProxyNode) => Group;
  /** The keys of a proxy's metadata that rules match by. */
  readonly matchedMetadata: () => ReadonlySet<string>;
}

/** Who the proxy of a stream says it is, as far as that is kept, and the group that follows from it. */
export class ProxyIdentity {
  #node: ProxyNode | undefined;
  #group: Group | undefined;
  /** Whether all that the proxy said is kept. */
  #whole = true;

  constructor(private readonly deps: IdentityDependencies) {}

  get known(): boolean {
    return this.#node !== undefined;
  }

  get node(): ProxyNode {
    return this.#node ?? UNKNOWN_NODE;
  }

  /** Under which things are remembered of the proxy between its streams; several proxies may share it. */
  get key(): string {
    return `${this.node.cluster} ${this.node.id}`;
  }

  /** Undefined before the first request. */
  get group(): Group | undefined {
    return this.#group;
  }

  /** Takes what the proxy says in its first request. @returns why it may not have that node's configuration */
  tell(node: ProxyNode, permission: Permission): string | undefined {
    const refusal = permission.refusal(node);
    if (refusal !== undefined) return refusal;
    this.#group = this.deps.groupOf(node);
    this.#node = excerptOf(node, this.deps.matchedMetadata());
    this.#whole = this.#node === node;
    return undefined;
  }

  /** Why the stream may not go on under other rules; the proxy comes back. */
  readmit(permission: Permission): Refusal | undefined {
    const node = this.#node;
    if (node === undefined) return undefined;
    const denied = permission.refusal(node);
    if (denied !== undefined) return { code: status.PERMISSION_DENIED, details: denied };
    if (!this.#whole && [...this.deps.matchedMetadata()].some((key) => !Object.hasOwn(node.metadata, key))) {
      const details = 'rules match by metadata now that was not kept of this proxy: it has to say it again';
      return { code: status.UNAVAILABLE, details };
    }
    if (this.deps.groupOf(node) === this.#group) return undefined;
    return { code: status.UNAVAILABLE, details: 'this proxy is in another group now' };
  }
}
