/** What `server.ts` says of itself at `/stats`. */
export interface ServerStats {
  /** Milliseconds by which the event loop ran late, since the last `/stats?reset`. */
  readonly event_loop: {
    readonly p50_ms: number;
    readonly p99_ms: number;
    readonly max_ms: number;
    /** The longest it stood still by what the process itself did: without the time in which others had the processor. */
    readonly blocked_ms: number;
  };
  readonly memory: {
    /** Heap and external memory in use; after a garbage collection under `--expose-gc`. */
    readonly used_mb: number;
    readonly rss_mb: number;
  };
  readonly streams: number;
}
