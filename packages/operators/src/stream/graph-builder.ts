import {
  fingerprintOf,
  type GraphNode,
  hashString,
  type JobGraph,
  MalstromError,
  type OperatorNode,
  type Port,
  type Sink,
  type SinkNode,
  type SourceNode,
  type TimestampAlgebra,
} from '@malstrom/core'
import { checked } from './arguments.ts'
import { at, type CallSite } from './call-site.ts'
import { combinedBefore } from './combined-before.ts'
import type { OperatorDefinition } from './definition.ts'

/** The end of a chain while it is being built: one port, or several after a union. */
export interface Upstream {
  readonly ports: readonly Port[]
  readonly keyed: boolean
  readonly time: TimestampAlgebra<unknown>
  /** The number of the stream that each port belongs to, for an operator that tells streams apart. */
  readonly sides?: readonly number[] | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the sink
type AnySink = Sink<any, any, any, any, any>

type SourceDefinition = Pick<SourceNode, 'source' | 'epochs' | 'outputTime' | 'outputNames'>

/** Collects the operators of a job in the order in which the job's code creates them, and checks them. */
export class GraphBuilder {
  readonly #nodes: GraphNode[] = []
  readonly #byName = new Map<string, GraphNode>()
  readonly #byId = new Map<number, GraphNode>()
  readonly #optional = new Set<string>()

  /** The definition is made when the name is known to be good, so that an error in it can say whose it is. */
  addSource(name: string, define: () => SourceDefinition, site: CallSite): SourceNode {
    const id = this.#claim(name, site)
    const definition = checked(() => `Source "${name}"${at(site)}`, name, define)
    const added: SourceNode = {
      ...definition,
      id,
      name,
      kind: 'source',
      get location() {
        return site()
      },
      role: 'source',
      inputs: [],
      keyed: false,
    }
    if (definition.outputNames.length > 1) this.#optional.add(portName(added, 1))
    return this.#add(added)
  }

  addOperator(
    name: string,
    define: () => OperatorDefinition,
    input: Upstream,
    site: CallSite,
  ): { readonly node: OperatorNode; readonly keyed: boolean } {
    const id = this.#claim(name, site)
    const definition = checked(() => `Operator "${name}"${at(site)}`, name, define)
    const combined = definition.needsEach ? combinedBefore(input.ports) : undefined
    if (combined !== undefined) {
      throw new MalstromError(
        'ERR_OPERATOR_ARGUMENT',
        `Operator "${name}"${at(site)} needs each record by itself, but "${combined.name}"${at(() => combined.location)} combines records before it sends them. Leave out its option combine, or let values say how much they stand for, and sum that up.`,
        { context: { operator: name } },
      )
    }
    const { keyed, time } = input
    const outputNames = definition.outputNames ?? ['out']
    const node: OperatorNode = {
      id,
      role: 'operator',
      name,
      kind: definition.kind,
      get location() {
        return site()
      },
      inputs: input.ports,
      sides: input.sides,
      keyed,
      state: typeof definition.state === 'function' ? definition.state({ keyed, time }) : definition.state,
      exchange: definition.exchange,
      inputTime: time,
      outputTime: definition.outputTime ?? time,
      outputNames,
      ...(definition.deadLetterOutput === undefined ? {} : { deadLetterOutput: definition.deadLetterOutput }),
      open: (context) => definition.open(context, { keyed, time }),
    }
    for (const output of definition.optionalOutputs ?? []) this.#optional.add(portName(node, outputNames.indexOf(output)))
    return { node: this.#add(node), keyed: definition.outputKeyed ?? keyed }
  }

  addSink(name: string, define: () => AnySink, input: Upstream, site: CallSite): SinkNode {
    const id = this.#claim(name, site)
    const sink = checked(() => `Sink "${name}"${at(site)}`, name, define)
    return this.#add({
      id,
      role: 'sink',
      name,
      kind: 'sink',
      get location() {
        return site()
      },
      inputs: input.ports,
      keyed: input.keyed,
      inputTime: input.time,
      sink,
    })
  }

  /** The finished graph; throws if a stream is left without a reader. */
  finish(jobName: string): JobGraph {
    if (this.#nodes.length === 0) {
      throw new MalstromError(
        'ERR_JOB_EMPTY',
        `Job "${jobName}" has no operators: its build function adds none. Start with flow.source(name, source).`,
        {
          context: { job: jobName },
        },
      )
    }
    const read = new Set(this.#nodes.flatMap((node) => node.inputs.map((port) => portName(port.node, port.output))))
    for (const node of this.#nodes) {
      if (node.role === 'sink') continue
      node.outputNames.forEach((outputName, output) => {
        const port = portName(node, output)
        if (!read.has(port) && !this.#optional.has(port)) this.#refuseUnread(node, outputName)
      })
    }
    return { name: jobName, nodes: this.#nodes, fingerprint: fingerprintOf(jobName, this.#nodes) }
  }

  #add<N extends GraphNode>(node: N): N {
    this.#nodes.push(node)
    this.#byName.set(node.name, node)
    this.#byId.set(node.id, node)
    return node
  }

  #claim(name: string, site: CallSite): number {
    if (typeof name !== 'string' || name.trim() === '') {
      throw new MalstromError(
        'ERR_OPERATOR_NAME_EMPTY',
        `An operator${at(site)} has no name. Its first argument is a name that is unique in the job.`,
      )
    }
    const sameName = this.#byName.get(name)
    if (sameName !== undefined) {
      const [first, second] = [sameName.location, site()]
      const places = first && second ? ` (${first} and ${second})` : ''
      throw new MalstromError(
        'ERR_OPERATOR_NAME_DUPLICATE',
        `Operator name "${name}" is used twice${places}. Names address saved state; rename one of them.`,
        {
          context: { operator: name },
        },
      )
    }
    const id = hashString(name)
    const sameId = this.#byId.get(id)
    if (sameId !== undefined) {
      throw new MalstromError(
        'ERR_OPERATOR_ID_COLLISION',
        `The names "${sameId.name}" and "${name}" have the same 32-bit hash, which addresses saved state. Rename one of them.`,
        { context: { operator: name } },
      )
    }
    return id
  }

  #refuseUnread(node: SourceNode | OperatorNode, outputName: string): never {
    const output = node.outputNames.length > 1 ? ` (output "${outputName}")` : ''
    throw new MalstromError(
      'ERR_STREAM_ENDS_NOWHERE',
      `The stream after "${node.name}"${output}${at(() => node.location)} ends nowhere: nobody reads it. End it with .sink(name, ...), or with .discard(name) to drop its records on purpose.`,
      { context: { operator: node.name } },
    )
  }
}

function portName(node: GraphNode, output: number): string {
  return `${node.id}.${output}`
}
