import { connect } from 'node:net'

const PATIENCE_MS = 2_000
const METADATA = 3
/** Version 1 of the request, which every broker from 0.10 to 4.3 takes. */
const VERSION = 1

/** Whether the broker at `port` knows `brokersMin` brokers that are up, one of them itself: it then serves clients. */
export async function answersRequests(port: number, brokersMin: number): Promise<boolean> {
  const answer = await ask(port, [])
  return answer !== undefined && answer.brokers >= brokersMin
}

/** Whether the broker at `port` has heard of a topic, and that each of its partitions has a leader. */
export async function knowsLeaders(port: number, topic: string): Promise<boolean> {
  const answer = await ask(port, [topic])
  return answer?.hasLeaders === true
}

interface Answer {
  readonly brokers: number
  /** Of the topics that were asked for. */
  readonly hasLeaders: boolean
}

/** `undefined` if the broker does not answer. */
function ask(port: number, topics: readonly string[]): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const end = (answer: Answer | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(PATIENCE_MS, () => end(undefined))
    socket.on('error', () => end(undefined)).on('close', () => resolve(undefined))
    socket.on('connect', () => socket.write(metadataRequest(topics)))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) end(answerIn(received))
    })
  })
}

/** Size, api key, version, correlation id, client id (none), topics. */
function metadataRequest(topics: readonly string[]): Buffer {
  const names = topics.flatMap((topic) => {
    const name = Buffer.from(`\0\0${topic}`)
    name.writeInt16BE(name.length - 2)
    return [name]
  })
  const request = Buffer.alloc(18)
  request.writeInt16BE(METADATA, 4)
  request.writeInt16BE(VERSION, 6)
  request.writeInt16BE(-1, 12)
  request.writeInt32BE(topics.length, 14)
  const whole = Buffer.concat([request, ...names])
  whole.writeInt32BE(whole.length - 4)
  return whole
}

function answerIn(bytes: Buffer): Answer {
  let at = 8 // After size and correlation id.
  const int16 = () => {
    at += 2
    return bytes.readInt16BE(at - 2)
  }
  const int32 = () => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  const skip = (count: number) => {
    at += count
  }
  const skipText = () => skip(Math.max(0, int16()))
  const times = (read: () => boolean) => {
    let isAll = true
    for (let left = int32(); left > 0; left--) isAll = read() && isAll
    return isAll
  }
  const brokers = int32()
  for (let left = brokers; left > 0; left--) {
    int32()
    skipText()
    int32()
    skipText()
  }
  int32() // The controller.
  const hasLeaders = times(() => {
    const error = int16()
    skipText()
    skip(1) // Whether it is internal.
    const isLed = times(() => {
      skip(2 + 4)
      const leader = int32()
      for (let list = 0; list < 2; list++) skip(4 * int32())
      return leader >= 0
    })
    return error === 0 && isLed
  })
  return { brokers, hasLeaders }
}
