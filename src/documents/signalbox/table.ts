import type { DocumentChanges, DocumentTable, PolicyOutcome, RouteOutcome } from '../document-table.js';
import { readPolicyDocument, readRouteDocument } from './read.js';

/** Signalbox's own documents: `routes/<id>` and `services/<name>`. */
export class SignalboxTable implements DocumentTable {
  #routes = new Map<string, RouteOutcome | undefined>();
  #policies = new Map<string, PolicyOutcome | undefined>();

  /** @param prefix what stands before the keys, for the documents' ids */
  constructor(private readonly prefix: string) {}

  change(key: string, value: string | undefined): void {
    const [, folder, name = ''] = /^(routes|services)\/(.+)$/s.exec(key) ?? [];
    const id = this.prefix + key;
    if (folder === 'routes') {
      this.#routes.set(id, value === undefined ? undefined : readRouteDocument(value));
    } else if (folder === 'services') {
      this.#policies.set(id, value === undefined ? undefined : readPolicyDocument(serviceOf(name), value));
    }
  }

  take(): DocumentChanges {
    const changes = { routes: this.#routes, policies: this.#policies, services: new Map() };
    this.#routes = new Map();
    this.#policies = new Map();
    return changes;
  }
}

/** A name with slashes may be written with them, or URL-encoded. */
function serviceOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
