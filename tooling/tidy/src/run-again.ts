// Says which files of a vitest report are to be run once more alone, one on a line; nothing, with the reasons, if its failures are proved.
// Usage: run-again.ts <report.json>
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { failedTests, type TestReport } from './failed-tests.ts'

const { proved, again } = failedTests(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as TestReport)
for (const failure of proved) process.stderr.write(`Not run again: ${failure}\n`)
for (const file of again) process.stdout.write(`${relative('.', file)}\n`)
process.exitCode = proved.length === 0 && again.length > 0 ? 0 : 1
