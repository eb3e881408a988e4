import type { ServiceState } from '../../discovery/source.js';
import type { DocumentChanges, DocumentTable, PolicyOutcome, RouteOutcome } from '../document-table.js';
import { mapDocument, readJson } from '../json-document.js';
import { Dependents } from './dependents.js';
import { HeldDocuments } from './held-documents.js';
import { Reasons } from './reasons.js';
import { isDisabled, mapRoute, type References } from './route.js';
import { readService, type ServiceDocument } from './service.js';
import { readUpstream, type Upstream } from './upstream.js';

/**
 * Apache APISIX's documents: `routes/<id>`, with the `upstreams/<id>` and `services/<id>` that they refer to. One
 * changed document costs itself and the routes that refer to it.
 */
export class ApisixTable implements DocumentTable {
  readonly #upstreams = new HeldDocuments<Upstream>((given, id, reasons) =>
    readUpstream(given, `apisix/upstream/${id}`, reasons),
  );
  readonly #services = new HeldDocuments<ServiceDocument>((given, id, reasons) =>
    readService(given, `apisix/service/${id}`, reasons),
  );
  readonly #routes = new Map<string, string>();
  /** The upstream within each route that is in force. */
  readonly #ofRoutes = new Map<string, Upstream | undefined>();
  readonly #dependents = new Dependents();
  /** The routes to be mapped anew, and the upstreams whose services may have changed, by key. */
  #dirty = new Set<string>();
  #touched = new Set<string>();
  /** The services of our own making that are known to the catalogue, by the key that they are of. */
  readonly #told = new Map<string, string>();

  /** @param prefix what stands before the keys, for the documents' ids */
  constructor(private readonly prefix: string) {}

  change(key: string, value: string | undefined): void {
    // APISIX itself writes the folders as keys, with "init_dir" in them.
    const [, folder, id = ''] = /^(routes|upstreams|services)\/(.+)$/s.exec(key) ?? [];
    if (folder === undefined) return;
    if (folder === 'routes') {
      if (value === undefined) this.#routes.delete(id);
      else this.#routes.set(id, value);
      this.#dirty.add(id);
      return;
    }
    (folder === 'upstreams' ? this.#upstreams : this.#services).change(id, value);
    this.#touched.add(key);
    for (const route of this.#dependents.of(key)) this.#dirty.add(route);
  }

  take(): DocumentChanges {
    const routes = new Map<string, RouteOutcome | undefined>();
    for (const id of this.#dirty) routes.set(`${this.prefix}routes/${id}`, this.#mapped(id));
    this.#dirty = new Set();
    // A document that is gone stays for as long as a route in force needs it.
    for (const folder of [this.#upstreams, this.#services] as const) {
      const name = folder === this.#upstreams ? 'upstreams' : 'services';
      for (const id of folder.sweep((gone) => !this.#dependents.inForce(`${name}/${gone}`)))
        this.#touched.add(`${name}/${id}`);
    }
    const policies = new Map<string, PolicyOutcome | undefined>();
    const services = new Map<string, ServiceState | undefined>();
    for (const key of this.#touched) {
      const upstream = this.#upstreamAt(key);
      const policy = upstream?.nodes && upstream.policy;
      policies.set(this.prefix + key, policy && { service: upstream.service, policy });
      const before = this.#told.get(key);
      if (upstream?.nodes !== undefined) {
        services.set(upstream.service, upstream.nodes);
        this.#told.set(key, upstream.service);
      } else if (before !== undefined) {
        services.set(before, undefined);
        this.#told.delete(key);
      }
    }
    this.#touched = new Set();
    return { routes, policies, services };
  }

  #mapped(id: string): RouteOutcome | undefined {
    const text = this.#routes.get(id);
    const key = `routes/${id}`;
    if (text === undefined) {
      this.#dependents.forget(id);
      this.#settle(id, key, undefined);
      return undefined;
    }
    const read = readJson(text);
    if (read.rejected !== undefined) return read;
    if (isDisabled(read.value)) {
      this.#dependents.refers(id, []);
      this.#dependents.settled(id);
      this.#settle(id, key, undefined);
      return { rules: [], disabled: true };
    }
    const reasons = new Reasons();
    const referred: string[] = [];
    const references: References = {
      upstream: (upstream) => {
        referred.push(`upstreams/${upstream}`);
        return this.#upstreams.get(upstream, `upstream "${upstream}"`, reasons);
      },
      service: (service) => {
        referred.push(`services/${service}`);
        return this.#services.get(service, `service "${service}"`, reasons);
      },
    };
    const mapped = mapDocument(
      () => mapRoute(read.value, `apisix/route/${id}`, references, reasons),
      (reason) => {
        reasons.add(reason);
        return { rules: [], own: undefined };
      },
    );
    this.#dependents.refers(id, referred);
    if (reasons.text !== undefined) return { rejected: reasons.text };
    this.#dependents.settled(id);
    this.#settle(id, key, mapped.own);
    return { rules: mapped.rules };
  }

  #settle(id: string, key: string, own: Upstream | undefined): void {
    if (own === undefined) this.#ofRoutes.delete(id);
    else this.#ofRoutes.set(id, own);
    this.#touched.add(key);
  }

  #upstreamAt(key: string): Upstream | undefined {
    const slash = key.indexOf('/');
    const id = key.slice(slash + 1);
    switch (key.slice(0, slash)) {
      case 'upstreams':
        return this.#upstreams.good(id);
      case 'services':
        return this.#services.good(id)?.upstream;
      default:
        return this.#ofRoutes.get(id);
    }
  }
}
