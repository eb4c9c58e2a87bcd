import { describe, expect, it } from 'vitest'
import { failedTests, type TestReport } from './failed-tests.ts'

/** A report of one failed test for each text, in files of their own, beside one that passed. */
function reportOf(...texts: string[]): TestReport {
  const passed = { name: 'passed.test.ts', status: 'passed', message: '', assertionResults: [] }
  const failed = texts.map((text, n) => ({
    name: `failed-${n}.test.ts`,
    status: 'failed',
    message: '',
    assertionResults: [
      { fullName: 'passes', status: 'passed', failureMessages: [] },
      { fullName: 'fails', status: 'failed', failureMessages: [text] },
    ],
  }))
  return { success: texts.length === 0, testResults: [passed, ...failed] }
}

describe('a failed test', () => {
  it('is run again when it may have been a matter of time', () => {
    const report = reportOf('Error: Test timed out in 60000ms.', 'AssertionError: expected 1 to be 2')
    expect(failedTests(report)).toEqual({ proved: [], again: ['failed-0.test.ts', 'failed-1.test.ts'] })
  })

  it('is proved by a counterexample, and then nothing is run again', () => {
    const report = reportOf('Error: Test timed out in 60000ms.', 'Error: Property failed after 12 tests\n{ seed: 7, path: "3:1" }')
    expect(failedTests(report)).toEqual({ proved: ['failed-1.test.ts: fails'], again: [] })
    expect(failedTests(reportOf('AssertionError: seed 104 loses a record')).proved).toHaveLength(1)
  })

  it('is not alone: many that fail are proved', () => {
    expect(failedTests(reportOf('1', '2', '3', '4', '5'))).toMatchObject({ proved: { length: 5 }, again: [] })
  })

  it('is none: a file that could not be loaded, and an error outside of tests, are proved', () => {
    const broken = { name: 'broken.test.ts', status: 'failed', message: 'Cannot find module', assertionResults: [] }
    expect(failedTests({ success: false, testResults: [broken] })).toEqual({ proved: ['broken.test.ts: Cannot find module'], again: [] })
    expect(failedTests({ ...reportOf(), success: false }).proved).toEqual(['something failed outside of the tests'])
    expect(failedTests(reportOf())).toEqual({ proved: [], again: [] })
  })
})
