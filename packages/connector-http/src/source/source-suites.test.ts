import { type SourceRecord, sourceSuite } from '@malstrom/testing'
import { NOON, post, TemporaryFolder } from '../fixture/open-source.ts'
import { RecordLog } from '../log/record-log.ts'
import { httpSourceOver } from './http-source.ts'

const SEGMENT_BYTES = 400

const records = Array.from(
  { length: 30 },
  (_, id): SourceRecord<{ id: number }, number> => ({
    value: { id },
    timestamp: NOON + Math.floor(id / 3),
  }),
)

interface System {
  readonly folder: TemporaryFolder
  url: string
}

let appended = 100
sourceSuite('httpSource with a log', {
  async setup(): Promise<System> {
    const folder = new TemporaryFolder()
    const failed = (error: Error) => {
      throw error
    }
    const log = await RecordLog.open({ directory: folder.path, segmentBytes: SEGMENT_BYTES, keysMax: 1, context: {}, failed })
    for (let id = 0; id < records.length; id += 3) {
      const values = records.slice(id, id + 3).map(({ value }) => value)
      await new Promise<void>((durable) => log.append({ first: id, timestamp: NOON + id / 3, key: undefined, values }, durable))
    }
    await log.close()
    return { folder, url: '' }
  },
  teardown: ({ folder }) => folder[Symbol.dispose](),
  create: (system) =>
    httpSourceOver(
      {
        port: 0,
        decode: (value) => value as { id: number },
        durable: { directory: system.folder.path },
        onListening: ({ port }) => {
          system.url = `http://127.0.0.1:${port}/`
        },
      },
      () => NOON,
      SEGMENT_BYTES,
    ),
  expected: [{ partition: 'requests', records }],
  finishes: false,
  async append({ url }) {
    const value = { id: ++appended }
    const { status } = await post(url, value)
    if (status !== 202) throw new Error(`The source answers ${status}.`)
    return { value, timestamp: NOON }
  },
})
