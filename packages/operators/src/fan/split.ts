import { MalstromError, messageOf } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Branches are bits of one small integer in generated code. */
const BRANCHES_MAX = 30

/** Sends each record to the branches whose names the function returns: one, several or none. Epochs go to all. */
export function split(branches: readonly string[], route: Callback, onError: OnError = 'fail'): OperatorDefinition {
  const isList = Array.isArray(branches) && branches.length > 0 && branches.length <= BRANCHES_MAX
  if (!isList || new Set(branches).size !== branches.length) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `split needs 1 to ${BRANCHES_MAX} different branch names, not [${String(branches)}].`)
  }
  const bitsOf = (names: string | readonly string[]) => maskOf(branches, names)
  return withPolicy(onError, {
    kind: 'split',
    outputNames: branches,
    open(context, input) {
      const policy = new RecordPolicy(onError, context, branches.length)
      return {
        record(code, record) {
          const bits = code.local('branches')
          const call = `${code.bind('split', route)}(${callbackArguments(input, record)})`
          const lines = branches.map((_name, output) => `if (${bits} & ${1 << output}) {\n${code.emit(record, output)}\n}`)
          return policy.lines(code, record, `${bits} = ${code.bind('bitsOf', bitsOf)}(${call})`, lines.join('\n'))
        },
        interpret(...outputs) {
          const apply = withKeyArgument(input, route)
          const attempt = policy.guarded((value, key, timestamp) => bitsOf(apply(value, key, timestamp)), outputs[branches.length])
          return {
            data: (value, key, timestamp) => {
              const bits = attempt(value, key, timestamp)
              if (bits === FAILED) return
              for (let index = 0; index < branches.length; index++) if (bits & (1 << index)) outputs[index]?.data(value, key, timestamp)
            },
            epoch: (epoch) => {
              for (const output of outputs) output.epoch(epoch)
            },
          }
        },
      }
    },
  })
}

function maskOf(branches: readonly string[], names: string | readonly string[]): number {
  if (typeof names === 'string') return bitOf(branches, names)
  if (!Array.isArray(names)) {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `split needs the name of a branch or an array of names from its function, not ${messageOf(names)}. Return [] for no branch.`,
    )
  }
  let bits = 0
  for (let i = 0; i < names.length; i++) bits |= bitOf(branches, names[i] as string)
  return bits
}

function bitOf(branches: readonly string[], name: string): number {
  for (let i = 0; i < branches.length; i++) if (branches[i] === name) return 1 << i
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `split has no branch "${name}"; its branches are ${branches.join(', ')}.`)
}
