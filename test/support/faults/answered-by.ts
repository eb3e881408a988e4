import { eventually } from '../../peers/eventually.js';
import type { Traffic } from '../traffic.js';

/** Waits until a path is answered by these backends, each of them and no others. */
export async function answeredBy(traffic: Traffic, path: string, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort().join(' ');
  await eventually(
    async () => {
      const found = Object.keys(await traffic.count(path, 12))
        .sort()
        .join(' ');
      if (found !== wanted) throw new Error(`${path} is answered by ${found}, not by ${wanted}`);
    },
    60_000,
    50,
  );
}
