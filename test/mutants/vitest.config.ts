import { defineConfig } from 'vitest/config';

// The unit tests that can reach what is mutated; each file starts anew, so that constants of a module are mutated too.
export default defineConfig({
  test: {
    include: ['test/unit/{catalogue,publish,release,snapshot,workers,xds}/**/*.test.ts'],
    // The model check by steps takes seconds each time, and there is a test that says more about what it would catch.
    exclude: ['test/unit/xds/interleavings.test.ts'],
    testTimeout: 10_000,
  },
});
