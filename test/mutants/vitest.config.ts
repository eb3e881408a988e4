import { defineConfig } from 'vitest/config';

// The unit tests that can reach what is mutated; each file starts anew, so that constants of a module are mutated too.
export default defineConfig({
  test: {
    include: ['test/unit/{catalogue,publish,release,snapshot,workers,xds}/**/*.test.ts'],
    // What takes seconds each time: the model check by steps, and requests of very many names.
    exclude: ['test/unit/xds/{interleavings,request}.test.ts'],
    testTimeout: 60_000,
  },
});
