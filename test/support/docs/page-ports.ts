import { freePort } from '../../peers/process.js';
import type { Block } from './block.js';

/** Where Signalbox, its listener and a bootstrapped Envoy listen when nothing is said. */
const DEFAULTS = [18_000, 18_001, 9_901, 10_000];
const NAMED = /(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\])(?::|, port: |","port":)(\d{4,5})\b/g;

/** The ports of this machine that a page names, each with one that is free: `npm test` needs none of them. */
export class PagePorts {
  private constructor(private readonly given: Map<string, number>) {}

  /** @param known ports of servers that run already, by what the page calls them */
  static async of(blocks: readonly Block[], known: ReadonlyMap<number, number>): Promise<PagePorts> {
    const named = blocks.flatMap(({ text }) => [...text.matchAll(NAMED)].map(([, port]) => Number(port)));
    const given = new Map<string, number>();
    for (const port of new Set([...DEFAULTS, ...known.keys(), ...named])) {
      given.set(String(port), known.get(port) ?? (await freePort()));
    }
    return new PagePorts(given);
  }

  /** What is used for a port of the page. */
  of(port: number): number {
    return this.given.get(String(port)) ?? port;
  }

  in(text: string): string {
    return text.replaceAll(/\b\d{4,5}\b/g, (number) => String(this.given.get(number) ?? number));
  }

  /** The way back, for what commands print. */
  back(text: string): string {
    const named = new Map([...this.given].map(([page, used]) => [String(used), page]));
    return text.replaceAll(/\b\d{4,5}\b/g, (number) => named.get(number) ?? number);
  }

  /** A filter for sed, for what a program prints of its own defaults. */
  get sed(): string {
    return [...this.given].map(([page, used]) => `s/\\b${page}\\b/${used}/g`).join(';');
  }
}
