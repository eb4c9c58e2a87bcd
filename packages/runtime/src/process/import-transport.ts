import { MalstromError, messageOf, type ProcessTransportModule } from '@malstrom/core'

/** The package that connects processes. @throws MalstromError `ERR_DEPENDENCY_MISSING` */
export async function importTransport(module: string): Promise<ProcessTransportModule> {
  try {
    return (await import(module)) as ProcessTransportModule
  } catch (cause) {
    throw new MalstromError(
      'ERR_DEPENDENCY_MISSING',
      `Processes are connected by a package that cannot be imported from ${module}: ${messageOf(cause)}. Install it: npm install @malstrom/transport-zeromq.`,
      { cause },
    )
  }
}

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkTransport(caller: string, transport: unknown): void {
  if (typeof transport === 'string') return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${caller}: transport is the URL of a module: import.meta.resolve('@malstrom/transport-zeromq').`,
  )
}
