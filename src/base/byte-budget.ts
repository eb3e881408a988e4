interface Shared {
  readonly bytes: number;
  holders: number;
}

/**
 * Bytes that somebody makes this process keep, against a limit; and against those of whoever they belong to: a call to
 * a connection, that to a client, that to the process.
 */
export class ByteBudget {
  #bytes = 0;
  #shared: Map<object, Shared> | undefined;

  /**
   * @param most bytes
   * @param full what a refusal of this budget says
   */
  constructor(
    private readonly most: number,
    private readonly full: string,
    private readonly parent?: ByteBudget,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Charges bytes. @returns undefined, or which budget has no room for them: then nothing is charged */
  hold(bytes: number): string | undefined {
    const refusal = this.#bytes + bytes > this.most ? this.full : this.parent?.hold(bytes);
    if (refusal === undefined) this.#bytes += bytes;
    return refusal;
  }

  /** Gives back what {@link hold} has charged, or a part of it. */
  release(bytes: number): void {
    this.#bytes -= bytes;
    this.parent?.release(bytes);
  }

  /**
   * Charges something that several may hold at once but takes memory once, such as an interned set of names: each
   * budget counts it once for all holders below it. Each call wants an {@link unshare}.
   * @param thing by its identity
   */
  share(thing: object, bytes: number): string | undefined {
    const known = this.#shared?.get(thing);
    if (known !== undefined) {
      known.holders += 1;
      return undefined;
    }
    const refusal = this.#bytes + bytes > this.most ? this.full : this.parent?.share(thing, bytes);
    if (refusal !== undefined) return refusal;
    this.#shared ??= new Map();
    this.#shared.set(thing, { bytes, holders: 1 });
    this.#bytes += bytes;
    return undefined;
  }

  /** One holder fewer. */
  unshare(thing: object): void {
    const known = this.#shared?.get(thing);
    if (known === undefined) return;
    known.holders -= 1;
    if (known.holders > 0) return;
    this.#shared?.delete(thing);
    this.#bytes -= known.bytes;
    this.parent?.unshare(thing);
  }

  /** Gives everything back. */
  close(): void {
    for (const thing of this.#shared?.keys() ?? []) this.parent?.unshare(thing);
    for (const { bytes } of this.#shared?.values() ?? []) this.#bytes -= bytes;
    this.#shared = undefined;
    this.release(this.#bytes);
  }
}
