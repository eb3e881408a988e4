import { NameSet } from './name-set.js';

/** Sets of names by resource type: a handful, immutable. */
export class NamesByType {
  static readonly NONE = new NamesByType([]);

  private constructor(readonly entries: readonly (readonly [typeUrl: string, names: NameSet])[]) {}

  get(typeUrl: string): NameSet {
    return this.entries.find(([type]) => type === typeUrl)?.[1] ?? NameSet.EMPTY;
  }

  /** A copy with other names of a type; this very object where they are the same. */
  with(typeUrl: string, names: NameSet): NamesByType {
    if (this.get(typeUrl) === names) return this;
    const others = this.entries.filter(([type]) => type !== typeUrl);
    if (names.size === 0) return others.length === 0 ? NamesByType.NONE : new NamesByType(others);
    return new NamesByType([...others, [typeUrl, names]]);
  }

  sets(): readonly NameSet[] {
    return this.entries.map(([, names]) => names);
  }

  equals(other: NamesByType): boolean {
    return (
      this === other ||
      (this.entries.length === other.entries.length &&
        this.entries.every(([typeUrl, names]) => other.get(typeUrl) === names))
    );
  }
}
