import type { Equivalent } from './results.js';

/** The survivors that no test can catch. */
export const EQUIVALENT: readonly Equivalent[] = [
  ...of('src/catalogue/source-state.ts', 'without held losses there is nothing to find or to believe', [
    ['held === undefined', 'false'],
    ['this.#losses?.addressesOf', 'this.#losses.addressesOf'],
    ['[]', '["Stryker was here"]', 'this.#losses?.addressesOf'],
    ['this.#losses === undefined', 'false', 'this.#status.held === undefined'],
  ]),
  ...of(
    'src/catalogue/source-state.ts',
    'saves work: a state that is the same changes nothing later either',
    [['isDeepStrictEqual(before, after)', 'false']],
  ),
  ...of('src/catalogue/loss-window.ts', 'saves work: looking at services again decides the same', [
    ['false', 'true', '#everywhere = false'],
    ['everywhere === this.#everywhere', 'false'],
  ]),
  ...of('src/release/proxy-answers.ts', 'saves work: what was told before is found in the set, too', [
    ['{ response: undefined as Response | undefined, group: undefined as Group | undefined }', '{}'],
    ['response === this.#last.response && group === this.#last.group', 'false'],
  ]),
  ...of('src/release/quarantine.ts', 'a text has no version either', [
    ["instead === 'nothing'", 'false'],
    ["'nothing'", '""', 'instead.version'],
  ]),
  ...of('src/release/quarantine.ts', 'without trials nothing is on trial, whoever its members are', [
    ['[]', '["Stryker was here"]', '[trial = [], ...others]'],
    ['[]', '["Stryker was here"]', '[trial = []]'],
    ['trials.groups[0]?.some', 'trials.groups[0].some'],
  ]),
  ...of('src/xds/sotw.ts', 'no response has an empty nonce, and no set an empty version', [
    ["request.nonce === ''", 'false'],
    ["''", '"Stryker was here!"', "request.nonce === ''"],
    ["request.versionInfo !== ''", 'true'],
    ["''", '"Stryker was here!"', "request.versionInfo !== ''"],
  ]),
  ...of('src/xds/sotw.ts', 'saves work: the same names lead to the same state', [
    ['listed === before.listed && (before.implicit || (listed === names && !wildcard))', 'false'],
    [
      'before.implicit || (listed === names && !wildcard)',
      'before.implicit && listed === names && !wildcard',
    ],
    ['listed === names && !wildcard', 'false'],
    ['request.names === before.listed', 'false', 'before === undefined ||'],
  ]),
  ...of('src/xds/sotw.ts', 'an implicit wildcard without new names was met two lines above', [
    ['before.implicit && listed.size === 0', 'false', 'subscriptionOf'],
  ]),
  ...of('src/xds/sotw.ts', 'only the names are used there', [
    ['false', 'true', 'subscriptionOf(request, table, false)'],
  ]),
  ...of('src/xds/sotw.ts', 'the server always says it', [['false', 'true', 'keeps = false']]),
  ...of('src/xds/delta.ts', 'no response has an empty nonce', [
    ["request.nonce === ''", 'false'],
    ["''", '"Stryker was here!"', "request.nonce === ''"],
  ]),
  ...of('src/xds/delta.ts', 'saves work: without names nothing changes', [
    ['request.subscribe.size === 0 && request.unsubscribe.size === 0', 'false'],
    ['request.known.size > 0', 'true'],
    ['request.known.size > 0', 'request.known.size >= 0'],
  ]),
  ...of('src/xds/delta.ts', 'names are answered in any case, with what they have or with their absence', [
    [
      'wildcard || (names.size === 0 && !FOLLOWING.has(request.typeUrl))',
      'wildcard && names.size === 0 && !FOLLOWING.has(request.typeUrl)',
    ],
    ['names.size === 0', 'true', 'FOLLOWING'],
  ]),
  ...of('src/xds/type-state.ts', 'saves work: what was found before is found again', [
    ['known?.message === message', 'false'],
  ]),
  ...of('src/xds/children.ts', 'saves work: what was found before is found again', [
    ['children === undefined', 'true'],
    ['added.length === 0', 'false'],
  ]),
  ...of('src/xds/claims.ts', 'any text that is no version', [["''", '"Stryker was here!"', "[name, '']"]]),
  ...of('src/xds/claims.ts', 'only decides how long work is sliced', [
    ['piece.endsWith(name)', 'true'],
    ['piece.endsWith(name)', 'false'],
  ]),
  ...of('src/xds/delta.ts', 'what exists or was reported has been looked at by the loops before', [
    [
      '!request.known.has(name) && set.get(name) === undefined',
      '!request.known.has(name) || set.get(name) === undefined',
    ],
    ['set.get(name) === undefined', 'true', '!request.known.has(name) &&'],
  ]),
  ...of('src/xds/subscription.ts', 'saves work: the sum of all that is covered is the same', [
    ['this.#last?.set !== set', 'true'],
    ['last === undefined', 'true'],
    ['changed.length > this.names.size', 'true'],
    ['changed.length > this.names.size', 'false'],
    ['changed.length > this.names.size', 'changed.length >= this.names.size'],
    ['changed.length > this.names.size', 'changed.length <= this.names.size'],
  ]),
  ...of('src/xds/type-state.ts', 'saves work: without a rejection, a name or a doubt the same comes out', [
    ['state.rejected.size === 0', 'false'],
    ['{ owed, doubtful }', '{}', 'doubtful.size === 0'],
    ['names.size === 0', 'false'],
    ['next.size === 0', 'false'],
  ]),
  ...of('src/xds/type-state.ts', 'saves work: what was found before is found again', [
    ['names === undefined', 'true'],
    ['{ message, suspects }', '{}'],
  ]),
  ...of('src/xds/type-state.ts', 'SotW says it of each first request, and delta does not read it', [
    ['false', 'true', 'implicit: false'],
  ]),
  ...of('src/xds/doubts.ts', 'saves work: nothing is added to the names', [['rejected.size === 0', 'false']]),
  ...of('src/xds/subscription.ts', 'numbers only tell subscriptions apart', [
    ['++Subscription.#ids', '--Subscription.#ids'],
  ]),
];

/** Mutants of a file: code, what it becomes, and where needed a part of its line. */
function of(
  file: string,
  why: string,
  mutants: readonly (readonly [code: string, becomes: string, line?: string])[],
): readonly Equivalent[] {
  return mutants.map(([code, becomes, line]) => ({
    file,
    code,
    becomes,
    why,
    ...(line !== undefined && { line }),
  }));
}
