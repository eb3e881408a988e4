import { dataProblem, HALF_A_PAIR, isUnicodeText, textProblem } from '../base/data-bounds.js';
import { printable } from '../base/printable.js';
import { messageOf } from '../errors.js';
import { textOf } from '../text-of.js';
import type { FilteredInstance, Instance } from './instance.js';

/** What became of an entry of a registry: an instance that is served, or why it is not. */
export type ReadInstance =
  | { readonly instance: Instance; readonly filtered?: undefined }
  | { readonly filtered: FilteredInstance; readonly instance?: undefined };

/** The most characters of what is shown of an entry: in place of its address, of the reason, and of a value in it. */
const LONGEST = { address: 300, detail: 500, value: 80 };

/**
 * Maps one entry of a registry. This is where an entry comes to cost itself alone, for every registry: its data are
 * measured before anything touches them, and whatever is thrown over them becomes the reason why it is not served.
 * @param address what the entry is shown as when it cannot be read; a function where it takes work
 * @param entry as the registry gives it: a text, or data out of a larger answer
 * @param read the registry's own mapping
 */
export function mapEntry<Read extends ReadInstance | undefined>(
  address: string | (() => string),
  entry: unknown,
  read: () => Read,
): Read | ReadInstance {
  const refuse = (detail: string) => badValue(typeof address === 'string' ? address : address(), detail);
  const problem = typeof entry === 'string' ? textProblem(entry) : dataProblem(entry);
  if (problem !== undefined) return refuse(`the entry ${problem}`);
  try {
    const mapped = read();
    if (mapped?.filtered !== undefined) return { filtered: shown(mapped.filtered) };
    if (mapped?.instance === undefined) return mapped;
    return isBroken(mapped.instance)
      ? refuse(`one of its texts has ${HALF_A_PAIR}`)
      : { instance: withShownRemarks(mapped.instance) };
  } catch (thrown) {
    return refuse(messageOf(thrown));
  }
}

/** An entry that cannot be read. */
export function badValue(address: string, detail: string): ReadInstance {
  return { filtered: shown({ address, reason: 'bad_value', detail }) };
}

/** `host:port` as an entry has them, whatever they are. */
export function placeOf(host: unknown, port: unknown): string {
  return `${shortText(host)}:${shortText(port)}`;
}

/** Any data as a short text for people; what is beyond the bounds of an entry is not made a text for it. */
export function shortText(value: unknown): string {
  return dataProblem(value) === undefined ? printable(textOf(value), LONGEST.value) : '…';
}

function shown({ address, reason, detail }: FilteredInstance): FilteredInstance {
  return { address: printable(address, LONGEST.address), reason, detail: printable(detail, LONGEST.detail) };
}

function withShownRemarks(instance: Instance): Instance {
  if (instance.remarks === undefined) return instance;
  return { ...instance, remarks: instance.remarks.map((remark) => printable(remark, LONGEST.detail)) };
}

/** Whether the instance has a text that cannot be encoded: for one of them Envoy would refuse all of its service. */
function isBroken({ metadata, locality = {}, cluster = '' }: Instance): boolean {
  const texts = [cluster, ...Object.values(locality), ...Object.keys(metadata), ...Object.values(metadata)];
  return !texts.every(isUnicodeText);
}
