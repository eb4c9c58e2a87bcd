/** A request that took too long. Whether it took effect is not known. */
export class DeadlineError extends Error {
  constructor(limitMs: number) {
    super(`no answer within ${limitMs} ms`)
    this.name = 'DeadlineError'
  }
}

/** Runs until it is done or has not called `progress` for `limitMs`; then the signal aborts it. */
export async function withDeadline<T>(limitMs: number, run: (signal: AbortSignal, progress: () => void) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  try {
    const expired = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new DeadlineError(limitMs)
        reject(error)
        controller.abort(error)
      }, limitMs)
    })
    return await Promise.race([run(controller.signal, () => timer?.refresh()), expired])
  } finally {
    clearTimeout(timer)
  }
}
