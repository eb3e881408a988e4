import { withoutOuterSlashes } from '../../base/outer-slashes.js';

/** Where a key of the KV store belongs: an instance's address under a service. */
export interface InstanceKey {
  readonly service: string;
  /** `host:port` if all is well; not checked. */
  readonly address: string;
}

/** Reads keys of the form `<prefix>/<service path>/<host>:<port>`. */
export class KeyReader {
  /** What all our keys begin with: the prefix with its slash, so that neighbours such as `upstreams2/` stay out. */
  readonly folder: string;
  readonly #skipped: readonly string[];

  /** @param skipKeys services or folders not to be served, with or without the prefix and the slash at the end */
  constructor(prefix: string, skipKeys: readonly string[]) {
    const bare = withoutOuterSlashes(prefix);
    this.folder = bare === '' ? '' : `${bare}/`;
    this.#skipped = skipKeys.map((key) => `${withoutOuterSlashes(key)}/`).filter((key) => key !== '/');
  }

  /** Undefined for what is no instance: a folder, a key outside of any service, a key to skip. */
  read(key: string): InstanceKey | undefined {
    if (!key.startsWith(this.folder) || key.endsWith('/')) return undefined;
    const path = key.slice(this.folder.length);
    const end = path.lastIndexOf('/');
    if (end <= 0) return undefined;
    // Compared with a slash at the end, so that `unused` does not stand for `unused-2` as well.
    const skipped = this.#skipped.some((skip) => `${key}/`.startsWith(skip) || `${path}/`.startsWith(skip));
    return skipped ? undefined : { service: path.slice(0, end), address: path.slice(end + 1) };
  }
}
