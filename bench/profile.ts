import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the time of a .cpuprofile went, idle time left out, as lines of text: by origin, then by function. */
export function summary(file: string, count = 20): readonly string[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byOrigin = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let total = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === '(idle)') return;
    const { functionName, url, lineNumber } = frame;
    const time = timeDeltas[index] ?? 0;
    total += time;
    add(byOrigin, origin(frame), time);
    add(byFunction, `${functionName || '(anonymous)'}${url && ` ${basename(url)}:${lineNumber + 1}`}`, time);
  });
  const lines = (times: ReadonlyMap<string, number>) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, time]) => `${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
  return [...lines(byOrigin), '', ...lines(byFunction)];
}

/** A package, a folder of the product, a part of Node, or what V8 names in parentheses. */
function origin({ functionName, url }: CallFrame): string {
  const module = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (module !== undefined) return module;
  if (url.startsWith('file:')) return url.replace(/^.*\.cache\/bench\/js\//, '').replace(/\/[^/]+$/, '');
  if (functionName.startsWith('(')) return functionName;
  return url === '' ? 'native' : url.replace(/^node:internal\/([^/]+).*/, 'node:$1');
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}
