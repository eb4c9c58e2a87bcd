import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests run from source: the private condition comes first, then what Node itself takes; with `module`, which only bundlers
// understand, some packages give files that Node cannot load.
const conditions = ['@malstrom/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'tooling/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.e2e.test.ts'],
    // Machines may be busy; what hangs still ends.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Many tests wait more than they compute: two at a time pay on two cores already.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], exclude: ['**/*.test.ts', '**/*.test-d.ts'] },
  },
})
