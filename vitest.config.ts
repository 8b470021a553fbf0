import { defineConfig } from 'vitest/config'

/** Hours and days told by promtool and Prometheus: minutes, so that they are not part of the fast loop. */
const promtoolRuns = [
  'test/alerts/{scenarios,outages,mutation}.test.ts',
  'test/dashboards/{pictures,states}.test.ts',
  'test/report/*.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          testTimeout: 30_000,
          exclude: ['test/lab/**', 'test/e2e/**', ...promtoolRuns],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alerts',
          include: promtoolRuns,
          testTimeout: 600_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          // One process for all files, so that they share one pair of clusters (test/lab/support/pair.ts).
          pool: 'forks',
          isolate: false,
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 180_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // One process for all files, so that they share one browser (test/e2e/support/browser.ts).
          pool: 'forks',
          isolate: false,
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 400_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
    reporters: ['default', './test/support/closingLine.ts'],
  },
})
