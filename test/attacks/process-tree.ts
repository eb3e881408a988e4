import { readFileSync } from 'node:fs';

/** The child processes of a process. */
export function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text === undefined ? [] : text.split(' ').filter(Boolean).map(Number);
}

/** The resident memory of a process and its children, megabytes. */
export function residentMegabytes(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + residentOf(one), 0);
}

function residentOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0;
  return Number(kilobytes) / 1024;
}

/** Undefined for a process that has ended meanwhile. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The highest memory of a server while an attack goes on. */
export class MemoryWatch {
  #highest = 0;
  readonly #timer;

  constructor(private readonly pid: number) {
    this.#timer = setInterval(() => this.#look(), 100);
    this.#look();
  }

  /** @returns the highest memory since the start, megabytes */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#highest;
  }

  #look(): void {
    this.#highest = Math.max(this.#highest, residentMegabytes(this.pid));
  }
}
