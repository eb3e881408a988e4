import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/conformance/table-reporter.ts'],
    projects: [
      // Pure functions: nothing that one file leaves behind can reach another, so they share their workers.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 10_000,
          pool: 'threads',
          isolate: false,
        },
      },
      // Parts that run processes, listen or let time pass, with scripted servers.
      { test: { name: 'component', include: ['test/component/**/*.test.ts'], testTimeout: 20_000 } },
      // Real connections within one process; docs/conformance.md is written from what these tests say.
      { test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          // They mostly wait for servers: two at a time, after all that computes.
          maxWorkers: 2,
          // Within a file too: the registries of the fault matrix are ended and started all at the same time.
          maxConcurrency: 8,
          sequence: { groupOrder: 1 },
          // Shared machines stall for seconds at times; what fails twice in a row fails.
          retry: process.env.CI === undefined ? 0 : 1,
        },
      },
    ],
  },
});
