/** Settles as `promise` does, or rejects after `waitMs`: a hang becomes a message that says what hangs. */
export async function within<T>(waitMs: number, what: string, promise: T | PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not settle within ${waitMs} ms.`)), waitMs)
  })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets everything that is already waiting run: promises, I/O that has completed, timers that are due. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
