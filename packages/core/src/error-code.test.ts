import { expect, it } from 'vitest'
import { errorCodes } from './error-code.ts'

it('every error code is listed once', () => {
  expect([...new Set(errorCodes)]).toEqual(errorCodes)
})

it.each(errorCodes)('%s looks like an error code', (code) => {
  expect(code).toMatch(/^ERR(_[A-Z]+)+$/)
})
