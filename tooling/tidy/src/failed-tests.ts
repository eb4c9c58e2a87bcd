/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  readonly success: boolean
  readonly testResults: readonly {
    /** The file. */
    readonly name: string
    readonly status: string
    /** Why the file as a whole failed, if it did. */
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

export interface FailedTests {
  /** Failures that no second run can take back. */
  readonly proved: readonly string[]
  /** Files to run once more alone. */
  readonly again: readonly string[]
}

/** More files than this do not fail because the machine was busy. */
const AGAIN_MAX = 4

/** A counterexample of a property or a simulation holds however busy the machine was; another run would try other seeds. */
const SEED = /\bseeds?\b/i

/**
 * Which failures may come from a machine that was too busy for the time that a test gives. Everything else, and what fails
 * outside of a test, is proved by its first failure.
 */
export function failedTests(report: TestReport): FailedTests {
  const files = report.testResults.filter(({ status }) => status === 'failed')
  if (files.length === 0) return { proved: report.success ? [] : ['something failed outside of the tests'], again: [] }
  if (files.length > AGAIN_MAX) return { proved: files.map(({ name }) => name), again: [] }
  const proved = files.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    if (failed.length === 0) return [`${name}: ${message}`]
    return failed
      .filter(({ failureMessages }) => failureMessages.some((text) => SEED.test(text)))
      .map(({ fullName }) => `${name}: ${fullName}`)
  })
  return { proved, again: proved.length > 0 ? [] : files.map(({ name }) => name) }
}
