import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/**/*.test.{ts,tsx}', 'bin/**/*.test.ts', 'bench/**/*.test.ts'],
          globalSetup: ['packages/server/src/db/testing/global-setup.ts'],
          // Three on any machine: they wait for PostgreSQL, Redis and clocks more than they compute.
          maxWorkers: 3,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'flows',
          include: ['e2e/**/*.test.ts'],
          // Whole servers and browsers, one after another.
          maxWorkers: 1,
          testTimeout: 90_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'gates',
          include: ['gates/**/*.test.ts'],
          globalSetup: ['packages/server/src/db/testing/global-setup.ts'],
          // Each is a server and its load, and some measure: alone, after everything else.
          maxWorkers: 1,
          // Those that only count run beside each other.
          maxConcurrency: 2,
          testTimeout: 400_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
