/** Counts the results of many attempts. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** @param result a text without numbers that differ from attempt to attempt */
  add(result: string): void {
    const text = result.slice(0, 100);
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  /** How many results have such a text in them. */
  of(part: string): number {
    return [...this.#counts].reduce((sum, [text, count]) => sum + (text.includes(part) ? count : 0), 0);
  }

  get all(): number {
    return this.of('');
  }

  /** The most frequent results. */
  toString(): string {
    const most = [...this.#counts].toSorted(([, a], [, b]) => b - a).slice(0, 3);
    return most.map(([text, count]) => `${count} × ${text}`).join(', ') || 'nothing';
  }
}
