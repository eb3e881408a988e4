import { TYPE_URL } from '../../snapshot/type-url.js';
import type { XdsObserver } from '../../xds/observer.js';
import { discoveryName } from '../../xds/type-names.js';

/** What went over the streams, of one type. */
export interface TypeCounts {
  responses: number;
  bytes: number;
  acks: number;
  nacks: number;
}

/** Counts what goes over the streams: plain numbers, which are read when someone asks. */
export class XdsCounts implements XdsObserver {
  readonly #types = new Map(
    Object.values(TYPE_URL).map((typeUrl): [string, TypeCounts] => [typeUrl, none()]),
  );
  /** Types that proxies name and Signalbox does not have: one row for all, so that nobody can make more of them. */
  readonly #other = none();

  sent(typeUrl: string, bytes: number): void {
    const counts = this.#of(typeUrl);
    counts.responses += 1;
    counts.bytes += bytes;
  }

  acknowledged({ typeUrl }: { readonly typeUrl: string }): void {
    this.#of(typeUrl).acks += 1;
  }

  rejected({ typeUrl }: { readonly typeUrl: string }): void {
    this.#of(typeUrl).nacks += 1;
  }

  /** By the name of the type: CDS, EDS, …, other. */
  rows(): readonly (readonly [type: string, counts: Readonly<TypeCounts>])[] {
    const known = [...this.#types].map(([typeUrl, counts]) => [discoveryName(typeUrl), counts] as const);
    return [...known, ['other', this.#other]];
  }

  #of(typeUrl: string): TypeCounts {
    return this.#types.get(typeUrl) ?? this.#other;
  }
}

function none(): TypeCounts {
  return { responses: 0, bytes: 0, acks: 0, nacks: 0 };
}
