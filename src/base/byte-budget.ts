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
   * @param granted bytes that the parent never refuses: what is usual goes on while others hold all that there is
   */
  constructor(
    private readonly most: number,
    private readonly full: string,
    private readonly parent?: ByteBudget,
    private readonly granted = 0,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Charges bytes. @returns undefined, or which budget has no room for them: then nothing is charged */
  hold(bytes: number): string | undefined {
    const refusal = this.#refusal(bytes);
    if (refusal === undefined) this.#charge(bytes);
    return refusal;
  }

  /** Gives back what {@link hold} has charged, or a part of it. */
  release(bytes: number): void {
    this.#charge(-bytes);
  }

  /**
   * Charges something that several may hold at once but takes memory once, such as an interned set of names: each
   * budget counts it once for all holders below it. Each call wants an {@link unshare}.
   * @param thing by its identity
   */
  share(thing: object, bytes: number): string | undefined {
    const refusal = this.#holds(thing) ? undefined : this.#refusal(bytes, thing);
    if (refusal === undefined) this.#shareAnyway(thing, bytes);
    return refusal;
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
    for (const [thing, { bytes }] of this.#shared ?? []) {
      this.#bytes -= bytes;
      this.parent?.unshare(thing);
    }
    this.#shared = undefined;
    this.release(this.#bytes);
  }

  #refusal(bytes: number, thing?: object): string | undefined {
    const after = this.#bytes + bytes;
    if (after > this.most) return this.full;
    const { parent } = this;
    if (parent === undefined || after <= this.granted) return undefined;
    return thing !== undefined && parent.#holds(thing) ? undefined : parent.#refusal(bytes, thing);
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    if (this.parent !== undefined) this.parent.#charge(bytes);
  }

  #holds(thing: object): boolean {
    return this.#shared?.has(thing) ?? false;
  }

  #shareAnyway(thing: object, bytes: number): void {
    const known = this.#shared?.get(thing);
    if (known !== undefined) {
      known.holders += 1;
      return;
    }
    this.#shared ??= new Map();
    this.#shared.set(thing, { bytes, holders: 1 });
    this.#bytes += bytes;
    if (this.parent !== undefined) this.parent.#shareAnyway(thing, bytes);
  }
}
