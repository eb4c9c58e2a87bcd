import type { Pipeline } from '../pipeline.ts'
import { runAsyncGenerators } from './async-generators.ts'
import { runD2ts } from './d2ts.ts'
import { runMalstrom } from './malstrom.ts'
import { runNodeStreams } from './node-streams.ts'
import { runRxjs } from './rxjs.ts'

export type ContestantName = 'malstrom' | 'rxjs' | 'd2ts' | 'node_streams' | 'async_generators'

/** Ours and the peers; names as they appear in metrics. */
export const contestants: Readonly<Record<ContestantName, (pipeline: Pipeline) => void | Promise<void>>> = {
  malstrom: runMalstrom,
  rxjs: runRxjs,
  d2ts: runD2ts,
  node_streams: runNodeStreams,
  async_generators: runAsyncGenerators,
}
