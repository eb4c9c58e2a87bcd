import { ConnectionLost, type RedisCommand, type RedisPort, RedisRefusal } from './redis-port.ts'

/** How long to wait after an answer that will be different in a moment. */
const TEMPORARY_PAUSE_MS = 100

/** Repeats what may be repeated until the server has answered; only for commands that change nothing when they come twice. */
export async function persist<T>(port: RedisPort, action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action()
    } catch (thrown) {
      await recover(port, thrown)
    }
  }
}

/** One idempotent command, repeated until the server has answered. */
export function ask(port: RedisPort, command: RedisCommand, bytes = false): Promise<unknown> {
  return persist(port, () => port.call(command, bytes))
}

/** Resolves when it is worth trying again; rejects with `thrown` if it is not. */
export async function recover(port: RedisPort, thrown: unknown): Promise<void> {
  if (thrown instanceof ConnectionLost) return await port.ready()
  if (!(thrown instanceof RedisRefusal && thrown.isTemporary)) throw thrown
  if (thrown.isDemoted) port.reconnect()
  await new Promise((resolve) => setTimeout(resolve, TEMPORARY_PAUSE_MS))
  await port.ready()
}
