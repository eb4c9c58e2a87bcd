import { MalstromError } from '@malstrom/core'

/** An argument that must be a function. The types say so too; this answers JavaScript, and data that was cast. */
export function callable<F>(f: F): F {
  if (typeof f === 'function') return f
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `a function is needed, not ${f === null ? 'null' : typeof f}.`)
}

/** An argument that must be an object with these methods. */
export function withMethods<O>(object: O, ...methods: readonly string[]): O {
  const candidate = object as Readonly<Record<string, unknown>> | null
  if (typeof object === 'object' && candidate !== null && methods.every((method) => typeof candidate[method] === 'function')) return object
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `an object with ${methods.length === 1 ? 'the method' : 'the methods'} ${methods.join(' and ')} is needed.`,
  )
}

/** Makes something of arguments; an error about them then says whose they are, and where in the job's code. */
export function checked<R>(place: () => string, operator: string, make: () => R): R {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof MalstromError) || error.code !== 'ERR_OPERATOR_ARGUMENT') throw error
    throw new MalstromError(error.code, `${place()}: ${error.message}`, { cause: error, context: { ...error.context, operator } })
  }
}
