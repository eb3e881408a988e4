import type { ServiceState } from '../../discovery/source.js';
import type {
  CertificateOutcome,
  DocumentChanges,
  DocumentTable,
  PolicyOutcome,
  RouteOutcome,
} from '../document-table.js';
import { isObject, type JsonObject, mapDocument, readJson } from '../json-document.js';
import { ConsumerTable } from './consumer-table.js';
import { Dependents } from './dependents.js';
import { HeldDocuments } from './held-documents.js';
import { DEFAULT_KEYRING, type Decrypt, decryptWith } from './keyring.js';
import { Reasons } from './reasons.js';
import type { References } from './references.js';
import { isDisabled, mapRoute } from './route.js';
import { readService, type ServiceDocument } from './service.js';
import { readSsl } from './ssl.js';
import { readUpstream, type Upstream } from './upstream.js';

/** Applies to every route. */
const GLOBAL = 'global_rules';
const FOLDERS = ['upstreams', 'services', 'plugin_configs', GLOBAL] as const;

/**
 * Apache APISIX's documents: `routes/<id>`, with the `upstreams/<id>`, `services/<id>` and `plugin_configs/<id>` that they refer to, and
 * the `global_rules/<id>` of all; and `consumers` and `ssls`. One changed document costs itself and the routes that refer to it.
 */
export class ApisixTable implements DocumentTable {
  readonly #upstreams = new HeldDocuments<Upstream>((given, id, reasons) =>
    readUpstream(given, `apisix/upstream/${id}`, reasons),
  );
  readonly #services = new HeldDocuments<ServiceDocument>((given, id, reasons) =>
    readService(given, `apisix/service/${id}`, reasons),
  );
  readonly #pluginConfigs = new HeldDocuments<JsonObject>(readPlugins);
  readonly #globalRules = new HeldDocuments<JsonObject>(readPlugins);
  readonly #consumers: ConsumerTable;
  #certificates = new Map<string, CertificateOutcome | undefined>();
  readonly #decrypt: Decrypt;
  readonly #routes = new Map<string, string>();
  /** The upstreams within each route that is in force, by the key that they are touched by. */
  readonly #ofRoutes = new Map<string, Upstream>();
  readonly #keysOfRoutes = new Map<string, readonly string[]>();
  readonly #dependents = new Dependents();
  /** The routes to be mapped anew, and the upstreams whose services may have changed, by key. */
  #dirty = new Set<string>();
  #touched = new Set<string>();
  /** The services of our own making that are known to the catalogue, by the key that they are of. */
  readonly #told = new Map<string, string>();

  /**
   * @param prefix what stands before the keys, for the documents' ids
   * @param keyring what secrets in documents are encrypted with
   */
  constructor(
    private readonly prefix: string,
    keyring: readonly string[] = DEFAULT_KEYRING,
  ) {
    this.#decrypt = decryptWith(keyring);
    this.#consumers = new ConsumerTable(this.#decrypt);
  }

  change(key: string, value: string | undefined): void {
    if (this.#consumers.change(key, value)) return;
    if (/^ssls\/./.test(key)) {
      const outcome = value === undefined ? undefined : readSsl(value, this.#decrypt);
      this.#certificates.set(this.prefix + key, outcome);
      return;
    }
    // APISIX itself writes the folders as keys, with "init_dir" in them.
    const [, folder, id = ''] =
      /^(routes|upstreams|services|plugin_configs|global_rules)\/(.+)$/s.exec(key) ?? [];
    if (folder === undefined) return;
    if (folder === 'routes') {
      if (value === undefined) this.#routes.delete(id);
      else this.#routes.set(id, value);
      this.#dirty.add(id);
      return;
    }
    this.#held(folder).change(id, value);
    this.#touched.add(key);
    if (folder === GLOBAL) for (const route of this.#routes.keys()) this.#dirty.add(route);
    for (const route of this.#dependents.of(key)) this.#dirty.add(route);
  }

  #held(folder: string) {
    switch (folder) {
      case 'upstreams':
        return this.#upstreams;
      case 'services':
        return this.#services;
      case 'plugin_configs':
        return this.#pluginConfigs;
      default:
        return this.#globalRules;
    }
  }

  take(): DocumentChanges {
    const routes = new Map<string, RouteOutcome | undefined>();
    for (const id of this.#dirty) routes.set(`${this.prefix}routes/${id}`, this.#mapped(id));
    this.#dirty = new Set();
    // A document that is gone stays for as long as a route in force needs it.
    for (const name of FOLDERS) {
      for (const id of this.#held(name).sweep((gone) => !this.#dependents.inForce(`${name}/${gone}`)))
        this.#touched.add(`${name}/${id}`);
    }
    const policies = new Map<string, PolicyOutcome | undefined>();
    const services = new Map<string, ServiceState | undefined>();
    for (const key of this.#touched) {
      const upstream = this.#upstreamAt(key);
      const policy = upstream?.policy;
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
    const consumers = new Map(
      [...this.#consumers.take()].map(([key, outcome]) => [this.prefix + key, outcome]),
    );
    const certificates = this.#certificates;
    this.#certificates = new Map();
    return { routes, policies, consumers, certificates, services };
  }

  #mapped(id: string): RouteOutcome | undefined {
    const text = this.#routes.get(id);
    if (text === undefined) {
      this.#dependents.forget(id);
      this.#settle(id, []);
      return undefined;
    }
    const read = readJson(text);
    if (read.rejected !== undefined) return read;
    if (isDisabled(read.value)) {
      this.#dependents.refers(id, []);
      this.#dependents.settled(id);
      this.#settle(id, []);
      return { rules: [], disabled: true };
    }
    const reasons = new Reasons();
    const referred: string[] = [];
    const mapped = mapDocument(
      () => mapRoute(read.value, `apisix/route/${id}`, this.#references(referred, reasons), reasons),
      (reason) => {
        reasons.add(reason);
        return { rules: [], own: [] };
      },
    );
    this.#dependents.refers(id, referred);
    if (reasons.text !== undefined) return { rejected: reasons.text };
    this.#dependents.settled(id);
    this.#settle(id, mapped.own);
    return { rules: mapped.rules, differences: reasons.differences };
  }

  /** @param referred gets the keys that are asked for */
  #references(referred: string[], reasons: Reasons): References {
    const named =
      <T>(held: HeldDocuments<T>, folder: string, what: string) =>
      (id: string) => {
        referred.push(`${folder}/${id}`);
        return held.get(id, `${what} "${id}"`, reasons);
      };
    return {
      upstream: named(this.#upstreams, 'upstreams', 'upstream'),
      service: named(this.#services, 'services', 'service'),
      pluginConfig: named(this.#pluginConfigs, 'plugin_configs', 'plugin config'),
      globalRules: () => this.#globalRules.all(),
    };
  }

  /** These are the upstreams within the route from now on. */
  #settle(id: string, own: readonly Upstream[]): void {
    const before = this.#keysOfRoutes.get(id) ?? [];
    const name = `apisix/route/${id}`;
    const keys = own.map(({ service }) => `routes/${id}${service === name ? '' : `#${service}`}`);
    for (const key of before) this.#ofRoutes.delete(key);
    for (const [index, upstream] of own.entries()) this.#ofRoutes.set(keys[index] ?? '', upstream);
    for (const key of [...before, ...keys]) this.#touched.add(key);
    if (keys.length > 0) this.#keysOfRoutes.set(id, keys);
    else this.#keysOfRoutes.delete(id);
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
        return this.#ofRoutes.get(key);
    }
  }
}

/** The plugins of a plugin config or of a global rule, which are judged with those of each route. */
function readPlugins({ plugins = {} }: JsonObject, _id: string, reasons: Reasons): JsonObject {
  if (isObject(plugins)) return plugins;
  reasons.add('"plugins" is no object');
  return {};
}
