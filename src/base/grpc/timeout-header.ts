const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The time that a client gives a call, as its `grpc-timeout` says.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 * @returns milliseconds; undefined where there is none, or one that cannot be read: the client keeps the time as well
 */
export function timeoutOf(header: unknown): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(header ?? '')) ?? [];
  const scale = UNITS[unit];
  return scale === undefined ? undefined : Math.min(LONGEST_TIMER, Number(digits) * scale);
}
