import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Columns of Linux' tables of sockets: the own address, the other one, and the inode. */
const [LOCAL, REMOTE, INODE] = [1, 2, 9] as const;

/** Whether a process has a TCP connection from one port to another, both on this machine. */
export function hasConnection(pid: number, from: number, to: number): boolean {
  const inodes = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => portIn(columns[LOCAL]) === from && portIn(columns[REMOTE]) === to)
      .map((columns) => `socket:[${columns[INODE]}]`),
  );
  return inodes.length > 0 && openFiles(pid).some((file) => inodes.includes(file));
}

function portIn(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16);
}

function openFiles(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((file) => linkOf(`/proc/${pid}/fd/${file}`));
  } catch {
    // It has ended.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
