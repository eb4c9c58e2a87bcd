import type { SourceOutput, SourceStatus } from '@malstrom/core'
import type { ByteInput } from '../source/byte-input.ts'
import type { FilePosition } from '../source/file-position.ts'
import type { FileRecords } from '../source/path-partition.ts'
import type { StreamMessage } from '../stream/stream-message.ts'
import { damaged, HEADER_BYTES, INTERNAL_KEY, isEndOfStream } from './format.ts'
import type { StreamFileDecoder } from './stream-file-decoder.ts'

/** The most messages one poll emits, however high its limit: the bound of the array it reuses. */
const POLL_MESSAGES_MAX = 1024

/** Which messages of a file are emitted. */
export type MessageFilter = (message: StreamMessage) => boolean

/** The messages of one stream file, in order. Their timestamps count from 0. */
export class StreamFilePartition implements FileRecords<StreamMessage> {
  /** The mark of the end was met. */
  isComplete = false
  readonly #path: string
  readonly #input: ByteInput
  readonly #decoder: StreamFileDecoder
  readonly #isWanted: MessageFilter
  readonly #values: StreamMessage[] = []
  /** After the last message, whether it was emitted or not. */
  #offset: number
  #index: number
  /** Thrown by the next poll: the messages before it are emitted first. */
  #failure: unknown

  constructor(path: string, input: ByteInput, decoder: StreamFileDecoder, start: FilePosition, isWanted: MessageFilter) {
    this.#path = path
    this.#input = input
    this.#decoder = decoder
    this.#isWanted = isWanted
    this.#offset = start.offset
    this.#index = start.index
  }

  poll(output: SourceOutput<StreamMessage, number>, limit: number): SourceStatus {
    if (this.#failure !== undefined) throw this.#failure
    const wanted = Math.min(limit, POLL_MESSAGES_MAX)
    let count = 0
    let status: SourceStatus = 'more'
    try {
      while (count < wanted && status === 'more') {
        const message = this.#decoder.next()
        if (message === undefined) status = this.#read()
        else if (isEndOfStream(message)) {
          this.isComplete = true
          status = 'finished'
        } else {
          this.#offset = this.#decoder.offset
          if (message.key !== INTERNAL_KEY && this.#isWanted(message)) this.#values[count++] = message
        }
      }
    } catch (failure) {
      this.#failure = failure
    }
    if (count > 0) {
      output.emitIndexed(this.#values, 0, count, this.#index)
      this.#index += count
    } else if (this.#failure !== undefined) throw this.#failure
    return status
  }

  ready(): Promise<void> {
    return this.#failure === undefined ? this.#input.ready() : Promise.reject(this.#failure)
  }

  snapshot(): FilePosition {
    return { offset: this.#offset, index: this.#index, line: 0 }
  }

  close(): Promise<void> | void {
    return this.#input.close()
  }

  #read(): SourceStatus {
    const chunk = this.#input.take()
    if (chunk !== undefined) this.#decoder.push(chunk)
    else if (!this.#input.ended) return 'idle'
    else if (this.#decoder.waitingBytes === 0 && this.#decoder.header !== undefined) return 'finished'
    else if (this.#decoder.header === undefined)
      throw damaged(this.#path, 0, `it has ${this.#decoder.waitingBytes} bytes, and a header has ${HEADER_BYTES}`)
    else throw damaged(this.#path, this.#decoder.offset, 'it is cut off in the middle of a message, or one is being written')
    return 'more'
  }
}
