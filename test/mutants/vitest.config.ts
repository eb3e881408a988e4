import { defineConfig } from 'vitest/config';

// The unit tests that can reach what is mutated; each file starts anew, so that constants of a module are mutated too.
export default defineConfig({
  test: {
    include: ['test/unit/{catalogue,publish,release,snapshot,workers,xds}/**/*.test.ts'],
    testTimeout: 10_000,
  },
});
