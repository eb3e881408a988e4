import type { Secret } from '../../config/secret.js';
import { isAuthDisabled } from './failure.js';

/** The token of a user, asked for once and again whenever etcd takes it no more. */
export class EtcdToken {
  #current: Promise<string | undefined> | undefined;

  /** @param authenticate trades a name and a password for a token */
  constructor(
    private readonly user: string,
    private readonly password: Secret | undefined,
    private readonly authenticate: (name: string, password: string) => Promise<string>,
  ) {}

  /** Undefined where the server asks for none. */
  async current(): Promise<string | undefined> {
    this.#current ??= this.#ask();
    const asked = this.#current;
    try {
      return await asked;
    } catch (thrown) {
      if (this.#current === asked) this.#current = undefined;
      throw thrown;
    }
  }

  /** `stale` was refused; the next call asks for a new one, unless somebody else's refusal has led to that already. */
  async forget(stale: string | undefined): Promise<void> {
    if (this.#current !== undefined && (await this.#current.catch(() => stale)) === stale)
      this.#current = undefined;
  }

  async #ask(): Promise<string | undefined> {
    try {
      return await this.authenticate(this.user, this.password?.current() ?? '');
    } catch (thrown) {
      // So that users can be configured here first and required there later.
      if (isAuthDisabled(thrown)) return undefined;
      throw thrown;
    }
  }
}
