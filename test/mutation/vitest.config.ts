import { defineConfig } from 'vitest/config'

/** The tests that hold the position, the history and the recovery point: what `npm run mutation` runs against mutants. */
export default defineConfig({
  test: { include: ['test/{compare,assess,observe}/**/*.test.ts'] },
})
