import { MalstromError } from '@malstrom/core'
import { SchemaMismatch } from '../error-policy/dead-letter-cause.ts'
import type { OnError, ValidationIssue } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import type { StandardSchema, StandardSchemaIssue } from './standard-schema.ts'

/** Stands for the promise of a schema that is asynchronous: no error of the record, so no policy catches it. */
const PROMISED = Symbol('promised')

/** Passes on the output of a schema; a value that it refuses has failed. */
export function validate(schema: StandardSchema, onError: OnError = 'fail'): OperatorDefinition {
  checkSchema(schema)
  const { '~standard': standard } = schema
  const parse = (value: unknown): unknown => {
    const result = standard.validate(value)
    if (isPromise(result)) return PROMISED
    if (result.issues !== undefined) throw new SchemaMismatch(result.issues.map(issueOf))
    return result.value
  }
  const refusePromise = () => refuseAsync(standard.vendor)
  return withPolicy(onError, {
    kind: 'validate',
    open(context) {
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const value = code.local('valid')
          const refuse = `if (${value} === ${code.bind('promised', PROMISED)}) ${code.bind('refuseAsync', refusePromise)}()`
          const call = `${value} = ${code.bind('validate', parse)}(${record.value})`
          return policy.lines(code, record, call, `${refuse}\n${code.emit({ ...record, value })}`)
        },
        interpret(next, deadLetters) {
          const attempt = policy.guarded(parse, deadLetters)
          return {
            data: (value, key, timestamp) => {
              const valid = attempt(value, key, timestamp)
              if (valid === PROMISED) refusePromise()
              if (valid !== FAILED) next.data(valid, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}

function checkSchema(schema: StandardSchema): void {
  const standard = (schema as Partial<StandardSchema> | null | undefined)?.['~standard']
  if (standard?.version === 1 && typeof standard.validate === 'function') return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    'a schema is needed that implements Standard Schema, version 1 (https://standardschema.dev): of zod 3.24 or later, valibot 1, arktype 2, or an object with "~standard" of your own.',
  )
}

function isPromise(result: object): result is PromiseLike<unknown> {
  if (typeof (result as { readonly then?: unknown }).then !== 'function') return false
  // Nobody waits for it, so nobody else would hear of its rejection.
  Promise.resolve(result).catch(() => {})
  return true
}

function refuseAsync(vendor: string): never {
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `the schema (${vendor}) answers with a promise, and records are processed synchronously. Take asynchronous checks and transforms out of the schema, and do what must wait in a step of its own.`,
  )
}

function issueOf({ message, path = [] }: StandardSchemaIssue): ValidationIssue {
  return { message, path: path.map((segment) => pathPart(typeof segment === 'object' ? segment.key : segment)) }
}

function pathPart(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key
}
