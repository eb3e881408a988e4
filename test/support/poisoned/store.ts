/** Poisonous entries of one kind. */
export interface Dose {
  readonly kind: string;
  /** Writes them, as far as the server takes them. */
  readonly write: () => Promise<unknown>;
  /** By what each is asked for in `/explain`, and what the answer must tell. */
  readonly told: readonly (readonly [query: string, told: RegExp])[];
}

/** A real registry or store of documents, with what is good in it and what is not. */
export interface PoisonedStore {
  readonly name: string;
  /** Parts of Signalbox's configuration. */
  readonly config: object;
  /** Whether what is good is routes, not services. */
  readonly holdsRoutes?: true;
  /** What Envoy has for something good: the addresses of a service, or the service of a route. */
  readonly shows: Readonly<Record<Version, string>>;
  /** Writes what is good, in its first version or changed. */
  put(names: readonly string[], version: Version): Promise<unknown>;
  /** @param round `a`, `b`, …: other entries each time */
  doses(round: string): readonly Dose[];
  close(): Promise<unknown>;
}

export type Version = 'first' | 'changed';

/** Services have one instance, then another one beside it. */
export const ADDRESSES: Readonly<Record<Version, string>> = {
  first: '10.0.0.1:80',
  changed: '10.0.0.1:80 10.0.0.2:80',
};

/** The host that {@link ADDRESSES} gains with this version. */
export function hostOf(version: Version): string {
  return version === 'first' ? '10.0.0.1' : '10.0.0.2';
}

/** The host of poisonous instances. */
export const BAD = '10.0.0.9';
/** Bytes beyond what one entry may have. */
export const LARGE = 'x'.repeat(300 * 1024);

export const TOO_DEEP = /nested deeper than 32 levels/;
export const TOO_LARGE = /has \d{6} bytes, and 262144 is the most/;
export const NO_NAME = /service_name_invalid/;
/** It is harmless, and served. */
export const SERVED = /"instances":\[\{"address":"10\.0\.0\.9:80"/;

/** Calls `write` for all, some at the same time. */
export async function each<T>(items: readonly T[], write: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await write(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
