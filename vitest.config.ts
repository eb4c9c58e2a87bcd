import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests run from source: the private condition comes first, then what Node itself takes; with `module`, which only bundlers
// understand, some packages give files that Node cannot load.
const conditions = ['@malstrom/source', 'node', 'import', 'default']

export default defineConfig(({ mode }) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'tooling/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.e2e.test.ts'],
    // Machines may be busy; what hangs still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // `--mode built` says that the packages have just been built: then tests that start programs start what users run.
    env: mode === 'built' ? { MALSTROM_BUILT: '1' } : {},
    // What one test file does is not to be seen by the next one: then they share the modules, which saves half of the time.
    isolate: false,
    // Many tests wait for processes and deadlines more than they compute: one more at a time than there are cores.
    maxWorkers: availableParallelism() + 1,
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], exclude: ['**/*.test.ts', '**/*.test-d.ts'] },
  },
}))
