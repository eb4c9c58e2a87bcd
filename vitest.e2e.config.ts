import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

// Tests against real services. They say themselves why they skip when a service is missing.
export default defineConfig((environment) => {
  const { test, ...rest } = base(environment)
  return {
    ...rest,
    test: {
      env: test?.env ?? {},
      include: ['packages/**/*.e2e.test.ts', 'apps/**/*.e2e.test.ts', 'tooling/**/*.e2e.test.ts'],
      exclude: ['**/node_modules/**', '**/dist/**'],
      passWithNoTests: true,
      testTimeout: 120_000,
      isolate: false,
      // They wait for other processes most of the time.
      maxWorkers: 3,
    },
  }
})
