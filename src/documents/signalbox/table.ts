import type {
  ConsumerOutcome,
  DocumentChanges,
  DocumentTable,
  PolicyOutcome,
  RouteOutcome,
} from '../document-table.js';
import { readConsumerDocument, readPolicyDocument, readRouteDocument } from './read.js';

/** Signalbox's own documents: `routes/<id>`, `services/<name>` and `consumers/<name>`. */
export class SignalboxTable implements DocumentTable {
  #routes = new Map<string, RouteOutcome | undefined>();
  #policies = new Map<string, PolicyOutcome | undefined>();
  #consumers = new Map<string, ConsumerOutcome | undefined>();

  /** @param prefix what stands before the keys, for the documents' ids */
  constructor(private readonly prefix: string) {}

  change(key: string, value: string | undefined): void {
    const [, folder, name = ''] = /^(routes|services|consumers)\/(.+)$/s.exec(key) ?? [];
    const id = this.prefix + key;
    if (folder === 'routes') {
      this.#routes.set(id, value === undefined ? undefined : readRouteDocument(value));
    } else if (folder === 'services') {
      this.#policies.set(id, value === undefined ? undefined : readPolicyDocument(nameOf(name), value));
    } else if (folder === 'consumers') {
      this.#consumers.set(id, value === undefined ? undefined : readConsumerDocument(nameOf(name), value));
    }
  }

  take(): DocumentChanges {
    const changes = {
      ...{ routes: this.#routes, policies: this.#policies },
      ...{ consumers: this.#consumers, certificates: new Map(), services: new Map() },
    };
    this.#routes = new Map();
    this.#policies = new Map();
    this.#consumers = new Map();
    return changes;
  }
}

/** A name with slashes may be written with them, or URL-encoded. */
function nameOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
