import { isDeepStrictEqual } from 'node:util';
import { printable } from '../base/printable.js';
import type { ServicePolicy } from '../config/service-policy.js';
import type { RouteRule } from '../model/route.js';
import type {
  CertificateOutcome,
  ConsumerOutcome,
  DocumentChanges,
  PolicyOutcome,
  RouteOutcome,
} from './document-table.js';
import type {
  CertificateDocument,
  ConsumerDocument,
  Documents,
  PolicyDocument,
  RouteDocument,
} from './documents.js';

interface Store {
  readonly routes: Map<string, RouteDocument>;
  readonly policies: Map<string, PolicyDocument>;
  readonly consumers: Map<string, ConsumerDocument>;
  readonly certificates: Map<string, CertificateDocument>;
}

/**
 * The documents of all stores. A document that is broken keeps its last good version in force, and one that is as it
 * was keeps its rules, the very objects: by these is known what has to be built again.
 */
export class DocumentSet {
  readonly #stores = new Map<string, Store>();
  #routesChanged = false;
  #consumersChanged = false;
  #certificatesChanged = false;
  #policiesChanged = new Set<string>();
  /** In the order of their ids, so that the order of arrival never shows; undefined when to be put in order again. */
  #ordered: readonly string[] | undefined;

  constructor(private readonly now: () => number = Date.now) {}

  /** @param whole the changes are all that there is: what they do not name is gone */
  apply(source: string, changes: DocumentChanges, whole: boolean): void {
    const store = this.#stores.get(source) ?? {
      routes: new Map(),
      policies: new Map(),
      consumers: new Map(),
      certificates: new Map(),
    };
    this.#stores.set(source, store);
    if (whole) {
      for (const id of store.routes.keys()) if (!changes.routes.has(id)) this.#setRoute(store, source, id);
      for (const id of store.policies.keys())
        if (!changes.policies.has(id)) this.#setPolicy(store, source, id);
      for (const id of store.consumers.keys())
        if (!changes.consumers.has(id)) this.#setConsumer(store, source, id);
      for (const id of store.certificates.keys())
        if (!changes.certificates.has(id)) this.#setCertificate(store, id);
    }
    for (const [id, outcome] of changes.routes) this.#setRoute(store, source, id, outcome);
    for (const [id, outcome] of changes.policies) this.#setPolicy(store, source, id, outcome);
    for (const [id, outcome] of changes.consumers) this.#setConsumer(store, source, id, outcome);
    for (const [id, outcome] of changes.certificates) this.#setCertificate(store, id, outcome);
  }

  /** Forgets the stores that are no longer among these. */
  keepOnly(sources: readonly string[]): void {
    const nothing = {
      routes: new Map(),
      policies: new Map(),
      consumers: new Map(),
      certificates: new Map(),
      services: new Map(),
    };
    for (const source of [...this.#stores.keys()].filter((name) => !sources.includes(name))) {
      this.apply(source, nothing, true);
      this.#stores.delete(source);
    }
  }

  /** The services whose policies have changed since the last call; undefined where no route, consumer or certificate has changed either. */
  takeChanges(): ReadonlySet<string> | undefined {
    const policies = this.#policiesChanged;
    const others = this.#routesChanged || this.#consumersChanged || this.#certificatesChanged;
    if (!others && policies.size === 0) return undefined;
    this.#routesChanged = false;
    this.#consumersChanged = false;
    this.#certificatesChanged = false;
    this.#policiesChanged = new Set();
    return policies;
  }

  current(): Documents {
    const policies = new Map<string, ServicePolicy>();
    // Of two documents about one service the one whose key comes first counts.
    for (const { service, policy } of this.policies()) {
      if (policy !== undefined && !policies.has(service)) policies.set(service, policy);
    }
    return {
      routes: new Map(this.routes().map((document) => [document.id, document])),
      policies,
      consumers: this.consumers().flatMap(({ consumer }) => consumer ?? []),
      certificates: this.certificates().flatMap(({ certificate }) => certificate ?? []),
    };
  }

  routes(): readonly RouteDocument[] {
    const all = new Map([...this.#stores.values()].flatMap(({ routes }) => [...routes.entries()]));
    this.#ordered ??= [...all.keys()].sort();
    return this.#ordered.flatMap((id) => all.get(id) ?? []);
  }

  policies(): readonly PolicyDocument[] {
    const all = [...this.#stores.values()].flatMap(({ policies }) => [...policies.values()]);
    return all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  consumers(): readonly ConsumerDocument[] {
    const all = [...this.#stores.values()].flatMap(({ consumers }) => [...consumers.values()]);
    return all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Of two documents that have a name in common the one whose id comes first counts. */
  certificates(): readonly CertificateDocument[] {
    const all = [...this.#stores.values()].flatMap(({ certificates }) => [...certificates.values()]);
    const taken = new Set<string>();
    return all
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((document): CertificateDocument => {
        const twice = document.certificate?.hosts.find((host) => taken.has(host));
        if (twice !== undefined)
          return {
            id: document.id,
            at: document.at,
            rejected: `another document has certificates for "${twice}" already`,
          };
        for (const host of document.certificate?.hosts ?? []) taken.add(host);
        return document;
      });
  }

  #setRoute(store: Store, source: string, id: string, outcome?: RouteOutcome): void {
    const before = store.routes.get(id);
    const rulesBefore = before?.rules ?? [];
    if (outcome === undefined) {
      if (before === undefined) return;
      store.routes.delete(id);
      this.#ordered = undefined;
      this.#routesChanged ||= rulesBefore.length > 0;
      return;
    }
    const rules = outcome.rules === undefined ? rulesBefore : keptWhereEqual(rulesBefore, outcome.rules);
    const differences = outcome.rules === undefined ? before?.differences : outcome.differences;
    const disabled = outcome.rules === undefined ? before?.disabled : outcome.disabled;
    if (before === undefined) this.#ordered = undefined;
    this.#routesChanged ||= rules !== rulesBefore;
    store.routes.set(id, {
      id,
      source,
      rules,
      ...(disabled === true && { disabled }),
      ...(differences !== undefined && differences.length > 0 && { differences: differences.map(printable) }),
      ...(outcome.rejected !== undefined && { rejected: printable(outcome.rejected) }),
    });
  }

  #setPolicy(store: Store, source: string, id: string, outcome?: PolicyOutcome): void {
    const before = store.policies.get(id);
    if (outcome === undefined) store.policies.delete(id);
    else {
      const policy = outcome.policy ?? before?.policy;
      store.policies.set(id, {
        id,
        source,
        service: outcome.service,
        ...(policy !== undefined && { policy }),
        ...(outcome.rejected !== undefined && { rejected: printable(outcome.rejected) }),
      });
    }
    const after = store.policies.get(id);
    if (isDeepStrictEqual(before?.policy, after?.policy) && before?.service === after?.service) return;
    for (const changed of [before, after]) {
      if (changed?.policy !== undefined) this.#policiesChanged.add(changed.service);
    }
  }

  #setConsumer(store: Store, source: string, id: string, outcome?: ConsumerOutcome): void {
    const before = store.consumers.get(id)?.consumer;
    const after = outcome === undefined ? undefined : (outcome.consumer ?? before);
    if (outcome === undefined) store.consumers.delete(id);
    else
      store.consumers.set(id, {
        ...{ id, source },
        ...(after !== undefined && { consumer: after }),
        ...(outcome.rejected !== undefined && { rejected: printable(outcome.rejected) }),
      });
    this.#consumersChanged ||= !isDeepStrictEqual(before, after);
  }

  #setCertificate(store: Store, id: string, outcome?: CertificateOutcome): void {
    const before = store.certificates.get(id)?.certificate;
    const { certificate, rejected } = outcome ?? {};
    const after = rejected === undefined ? certificate : before;
    if (after === undefined && rejected === undefined) store.certificates.delete(id);
    else
      store.certificates.set(id, {
        id,
        at: this.now(),
        ...(after !== undefined && { certificate: after }),
        ...(rejected !== undefined && { rejected: printable(rejected) }),
      });
    this.#certificatesChanged ||= !isDeepStrictEqual(before, after);
  }
}

/** `after`, with the objects of `before` where they say the same; `before` itself where all do. */
function keptWhereEqual(before: readonly RouteRule[], after: readonly RouteRule[]): readonly RouteRule[] {
  const known = new Map(before.map((rule) => [JSON.stringify(rule), rule]));
  const kept = after.map((rule) => known.get(JSON.stringify(rule)) ?? rule);
  const same = kept.length === before.length && kept.every((rule, index) => rule === before[index]);
  return same ? before : kept;
}
