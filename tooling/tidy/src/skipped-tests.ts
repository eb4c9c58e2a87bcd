// Prints what was skipped in each file of a vitest report, with the full name of the first test, in which the reason stands.
// Usage: skipped-tests.ts <report.json>
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { TestReport } from './failed-tests.ts'

const { testResults } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as TestReport
for (const { name, assertionResults } of testResults) {
  const skipped = assertionResults.filter(({ status }) => status === 'skipped' || status === 'pending')
  const [first] = skipped
  if (first !== undefined) process.stdout.write(`skipped in ${relative('.', name)}: ${first.fullName} (${skipped.length} in all)\n`)
}
