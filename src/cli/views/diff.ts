import type { SnapshotDiff } from '../../admin/snapshots.js';
import { printable } from '../../base/printable.js';
import { table } from './table.js';

/** The answer of `/snapshots`. */
export interface SnapshotsAnswer {
  readonly diff: SnapshotDiff | null;
}

export function diffText({ diff }: SnapshotsAnswer): string {
  if (diff === null) return 'Nothing has been published yet.\n';
  const { from, to, back, changes } = diff;
  const rows = Object.entries(changes).flatMap(([type, change]) =>
    (['added', 'changed', 'removed'] as const).flatMap((kind) =>
      change[kind].names.map((name) => [type, kind, name]),
    ),
  );
  const changesText = back === 1 ? 'the last change' : `the last ${back} changes`;
  const head = `${printable(`${from.version} → ${to.version}, ${changesText}, until ${to.at}`)}\n\n`;
  return head + (rows.length === 0 ? 'Nothing differs.\n' : table(['TYPE', 'CHANGE', 'NAME'], rows));
}
