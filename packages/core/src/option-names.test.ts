import { describe, expect, it } from 'vitest'
import { checkOptionNames } from './option-names.ts'

describe('checkOptionNames', () => {
  it('says which option does not exist, and which ones do', () => {
    checkOptionNames('singleThread', {}, ['tasks'])
    checkOptionNames('singleThread', { tasks: undefined }, ['tasks', 'waitLimitMs'])
    expect(() => checkOptionNames('singleThread', { task: 1 }, ['tasks', 'waitLimitMs'])).toThrow(
      expect.objectContaining({
        code: 'ERR_OPERATOR_ARGUMENT',
        message: 'singleThread has no option "task". Its options are tasks, waitLimitMs.',
      }),
    )
  })
})
