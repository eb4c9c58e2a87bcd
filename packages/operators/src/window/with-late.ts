import { MalstromError } from '@malstrom/core'
import type { Upstream } from '../stream/graph-builder.ts'

/** A stream, with the late records that belong to it; `late` is undefined if it is no stream of the same flow. */
export function withLate(onTime: Upstream, late: Upstream | undefined): Upstream {
  const isFit = late !== undefined && late.keyed === onTime.keyed && late.time === onTime.time
  const isOther = isFit && !late.ports.some((port) => onTime.ports.some(({ node, output }) => node === port.node && output === port.output))
  if (isOther) return { ...onTime, ports: [...onTime.ports, ...late.ports.map((port) => ({ ...port, late: true as const }))] }
  throw new MalstromError(
    'ERR_STREAM_FOREIGN',
    'allowedLateness needs the stream of late records that generateEpochs gives, with the same keys and timestamps as the stream of windows: allowedLateness(5_000, late).',
  )
}
