/** Which routes refer to which documents: as they are written, and as they are in force. */
export class Dependents {
  readonly #written = new Map<string, readonly string[]>();
  readonly #inForce = new Map<string, readonly string[]>();
  readonly #routesOf = new Map<string, Set<string>>();

  /** The routes that refer to a document, by key. */
  of(key: string): ReadonlySet<string> {
    return this.#routesOf.get(key) ?? new Set();
  }

  /** A route refers to these from now on. */
  refers(route: string, keys: readonly string[]): void {
    for (const key of this.#written.get(route) ?? []) this.#routesOf.get(key)?.delete(route);
    this.#written.set(route, keys);
    for (const key of keys) {
      const routes = this.#routesOf.get(key) ?? new Set();
      routes.add(route);
      this.#routesOf.set(key, routes);
    }
  }

  /** What the route refers to now is in force. */
  settled(route: string): void {
    this.#inForce.set(route, this.#written.get(route) ?? []);
  }

  forget(route: string): void {
    this.refers(route, []);
    this.#written.delete(route);
    this.#inForce.delete(route);
  }

  /** Whether a route in force refers to a document. */
  inForce(key: string): boolean {
    return [...this.#inForce.values()].some((keys) => keys.includes(key));
  }
}
