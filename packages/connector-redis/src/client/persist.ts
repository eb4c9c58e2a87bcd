import { ConnectionLost, type RedisCommand, type RedisPort, RedisRefusal } from './redis-port.ts'

/** How long to wait after an answer that will be different in a moment, and after connections that break again and again. */
const PAUSE_MS = 100
const QUICK_TRIES = 3

/** Repeats what may be repeated until the server has answered; only for commands that change nothing when they come twice. */
export async function persist<T>(port: RedisPort, action: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await action()
    } catch (thrown) {
      await recover(port, thrown, tried)
    }
  }
}

/** One idempotent command, repeated until the server has answered. */
export function ask(port: RedisPort, command: RedisCommand, bytes = false): Promise<unknown> {
  return persist(port, () => port.call(command, bytes))
}

/** Resolves when it is worth trying again, after so many times; rejects with `thrown` if it is not. */
export async function recover(port: RedisPort, thrown: unknown, tried: number): Promise<void> {
  if (thrown instanceof ConnectionLost) {
    if (tried > QUICK_TRIES) await pause()
    return await port.ready()
  }
  if (!(thrown instanceof RedisRefusal && thrown.isTemporary)) throw thrown
  if (thrown.isDemoted) port.reconnect()
  await pause()
  await port.ready()
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}
