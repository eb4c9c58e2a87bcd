import { MalstromError, type Timers } from '@malstrom/core'

/** What logic without `onTimer` is given. */
export const noTimers: Timers<unknown> = {
  at: refuse,
  cancel: refuse,
  atMs: refuse,
  cancelMs: refuse,
  now: refuse,
  frontier: refuse,
}

function refuse(): never {
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    'timers need the method onTimer(time, state, output, key, timers) in the same logic, or onProcessingTimer(ms, state, output, key, timers).',
  )
}
