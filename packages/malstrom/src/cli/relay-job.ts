import { type StreamSchemes, sinkFromUrl, sourceFromUrl } from '@malstrom/connector-file'
import type { Job } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { type EndReport, watchEnds } from './end-of-source.ts'
import type { Delivery } from './stream-arguments.ts'

/** What a relay moves, from where to where. */
export interface RelayParams {
  readonly from: string
  readonly to: string
  readonly follow: boolean
  readonly delivery: Delivery
  /** Where the ends of partitions are told, by a worker in a thread of its own; `undefined` if nobody wants to know. */
  readonly ends: string | undefined
}

/** The job of `malstrom relay`. `module` is what its workers import, and `report` is told where the source comes to an end. */
export function relayJob(
  name: string,
  module: string,
  schemes: StreamSchemes,
  report: (params: RelayParams) => EndReport | undefined,
): Job<RelayParams> {
  return defineJob({
    name,
    module,
    build(flow, params: RelayParams) {
      const { from, to, follow, delivery } = params
      const source = sourceFromUrl(from, { follow }, schemes)
      const ends = report(params)
      flow.source('from', ends === undefined ? source : watchEnds(source, ends)).sink('to', sinkFromUrl(to, { delivery }, schemes))
    },
  })
}
