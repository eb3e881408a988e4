import type { ReleaseView } from '../../admin/release.js';
import { printable } from '../../base/printable.js';
import { table } from './table.js';

/** The answer of `/release`. */
export function statusText({
  restored,
  pinned,
  quarantined,
  // An older instance does not tell.
  held_back: heldBack = [],
  inconsistent,
  rollout,
}: ReleaseView): string {
  const parts = [
    restored !== null &&
      `What was served on ${printable(restored.written)} is served, from ${printable(restored.file)}, until these registries answer: ${printable(restored.waiting_for.join(', '))}.\nsignalbox release REGISTRY goes on without one.\n`,
    pinned !== null && `Version ${printable(pinned)} is pinned: signalbox unpin goes back to the newest.\n`,
    rollout !== null && `Changes are on their way; everyone has them at ${printable(rollout.everyone_at)}.\n`,
    inconsistent.length > 0 &&
      `The newest snapshot is inconsistent and not served:\n${table(
        ['TYPE', 'NAME', 'MISSING'],
        inconsistent.map(({ type, name, missing }) => [type, name, `${missing.type} ${missing.name}`]),
      )}`,
    quarantined.length > 0 &&
      `Proxies reject:\n${table(
        ['TYPE', 'NAME', 'STATE', 'SERVED', 'GROUP', 'NODE', 'REASON'],
        quarantined.map(({ type, name, state, served, group, node, message }) => [
          ...[type, name, state, served ?? 'nothing', group, node, message],
        ]),
      )}`,
    heldBack.length > 0 &&
      `These proxies are held back alone, the others go on:\n${table(
        ['NODE', 'GROUP', 'WHY', 'TYPE', 'NAMES', 'REASON'],
        heldBack.map(({ node, group, reason, type, names, message }) => [
          ...[node, group, reason, type, names.join(' '), message],
        ]),
      )}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'What is wanted is served everywhere.\n' : parts.join('\n');
}
