import type { JobGraph } from '@malstrom/core'
import type { Command, GraphFormat } from './command-line.ts'
import { graphJson } from './graph-json.ts'
import { graphMermaid } from './graph-mermaid.ts'
import { graphText } from './graph-text.ts'
import { loadJob, withParamsHint } from './load-job.ts'

type GraphCommand = Extract<Command, { command: 'graph' }>

const writers: Record<GraphFormat, (graph: JobGraph) => string> = { text: graphText, mermaid: graphMermaid, json: graphJson }

/** The graph of a job as text. Opens no source and no sink. */
export async function graphCommand(command: GraphCommand): Promise<string> {
  const loaded = await loadJob(command)
  try {
    return writers[command.format](loaded.job.graph(loaded.params))
  } catch (error) {
    throw withParamsHint(error, loaded)
  }
}
