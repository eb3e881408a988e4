/** The largest `xds.workers`: each takes memory of its own, and more than there are cores only cost. */
export const MOST_WORKERS = 64;
