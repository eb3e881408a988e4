import { request } from 'undici';

const MEGABYTE = 2 ** 20;

/** Memory of the process at a time, megabytes. */
export interface MemorySample {
  /** Seconds since the start of the soak. */
  readonly at: number;
  readonly heap: number;
  readonly rss: number;
}

/** Reads the memory that a Signalbox says it uses. @param admin `http://host:port` */
export async function readMemory(admin: string, at: number): Promise<MemorySample> {
  const { body } = await request(`${admin}/metrics`);
  const text = await body.text();
  const value = (name: string) => {
    const found = new RegExp(`^${name} ([\\d.e+]+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`the metrics do not say ${name}`);
    return Number(found) / MEGABYTE;
  };
  return { at, heap: value('nodejs_heap_size_used_bytes'), rss: value('process_resident_memory_bytes') };
}

/** The least of each window of time: what is left where the garbage has just been taken out. @param seconds of a window */
export function floors(samples: readonly MemorySample[], seconds: number): readonly MemorySample[] {
  const windows = new Map<number, MemorySample>();
  for (const { at, heap, rss } of samples) {
    const window = Math.floor(at / seconds);
    const least = windows.get(window);
    windows.set(window, {
      at: (window + 0.5) * seconds,
      heap: Math.min(heap, least?.heap ?? heap),
      rss: Math.min(rss, least?.rss ?? rss),
    });
  }
  return [...windows.values()];
}

/** The slope of the line that fits best, in units of y a unit of x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const under = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
