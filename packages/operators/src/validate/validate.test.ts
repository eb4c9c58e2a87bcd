import { type DeadLetter, fromIterable, type StandardSchema } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'
import { z } from 'zod'

const payment = z.object({ account: z.string().min(1), lines: z.array(z.object({ cents: z.coerce.number().int() })) })
const good = { account: 'a', lines: [{ cents: '5' }] }
const bad = { account: '', lines: [{ cents: 1 }, { cents: 1.5 }] }

/** A schema without a library. */
function schemaOf(validate: StandardSchema['~standard']['validate']): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

describe('validate', () => {
  inBothForms('passes on the output of the schema', async (collect) => {
    const { out } = await collect((flow) => ({ out: flow.source('in', fromIterable([good])).validate('check', payment) }))
    expect(out.records).toEqual([{ key: undefined, value: { account: 'a', lines: [{ cents: 5 }] }, timestamp: 0 }])
  })

  inBothForms('makes dead letters with the issues and their paths', async (collect) => {
    const { out, dead } = await collect((flow) => {
      const { results, deadLetters } = flow
        .source('in', fromIterable([bad, good, null]))
        .keyLocal('key', () => 'k')
        .validate('check', payment, { onError: 'deadLetter' })
      return { out: results, dead: deadLetters }
    })
    expect(out.records).toHaveLength(1)
    const [first, second] = dead.values as DeadLetter<unknown, string, number>[]
    expect(first).toMatchObject({ value: bad, key: 'k', timestamp: 0, operator: 'check', cause: { name: 'SchemaMismatch' } })
    expect(first?.cause.issues?.map(({ path }) => path)).toEqual([['account'], ['lines', 1, 'cents']])
    expect(first?.cause.message).toMatch(/^account: .+; lines\.1\.cents: .+/)
    expect(first?.cause.stack).toBeUndefined()
    expect(second?.cause.issues).toMatchObject([{ path: [] }])
  })

  inBothForms('skips and counts, or fails with what is wrong', async (collect) => {
    const run = (onError: 'skip' | 'fail') =>
      collect((flow) => ({ out: flow.source('in', fromIterable([good, bad])).validate('check', payment, { onError }) }))
    const { out, status } = await run('skip')
    expect([out.records.length, status.skipped]).toEqual([1, 1])
    const error = await errorOf(run('fail'))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'check', timestamp: 1 } })
    expect(error.message).toContain('lines.1.cents: ')
  })

  inBothForms('refuses schemas that are asynchronous, whatever the policy', async (collect) => {
    const schemas: readonly StandardSchema[] = [
      z.string().refine(async () => true),
      schemaOf(async () => ({ value: 1 })),
      schemaOf(() => Promise.reject(new Error('nobody waits for it'))),
    ]
    for (const schema of schemas) {
      for (const onError of ['fail', 'skip'] as const) {
        const error = await errorOf(
          collect((flow) => ({ out: flow.source('in', fromIterable(['x'])).validate('check', schema, { onError }) })),
        )
        expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', context: { operator: 'check' } })
        expect(error.message).toContain('answers with a promise')
      }
    }
  })

  inBothForms('takes paths in both forms that the standard has', async (collect) => {
    const schema = schemaOf(() => ({ issues: [{ message: 'no', path: ['a', { key: 0 }, Symbol('s')] }, { message: 'nor this' }] }))
    const { dead } = await collect((flow) => {
      const { results, deadLetters } = flow.source('in', fromIterable([1])).validate('check', schema, { onError: 'deadLetter' })
      results.discard('none')
      return { dead: deadLetters }
    })
    expect(dead.values).toMatchObject([
      {
        cause: {
          message: 'a.0.Symbol(s): no; nor this',
          issues: [
            { message: 'no', path: ['a', 0, 'Symbol(s)'] },
            { message: 'nor this', path: [] },
          ],
        },
      },
    ])
  })

  inBothForms('takes a schema that throws as one that refuses', async (collect) => {
    const schema = schemaOf(() => {
      throw new RangeError('broken')
    })
    const { status } = await collect((flow) => ({
      out: flow.source('in', fromIterable([1, 2])).validate('check', schema, { onError: 'skip' }),
    }))
    expect(status.skipped).toBe(2)
  })

  inBothForms('refuses what is no schema', async (collect) => {
    for (const schema of [undefined, {}, z, { '~standard': { version: 2, validate: () => ({ value: 1 }) } }, (n: number) => n]) {
      const error = await errorOf(collect((flow) => ({ out: flow.source('in', fromIterable([1])).validate('check', schema as never) })))
      expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', context: { operator: 'check' } })
      expect(error.message).toContain('standardschema.dev')
    }
  })
})
