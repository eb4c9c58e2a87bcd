import { S3Gateway, whyNoS3Gateway } from '@malstrom/services'
import { expect, it } from 'vitest'
import { bytesOf, environmentOf, PATIENCE_MS, pathsIn, rejection, textOf } from './fixture/outcome.ts'
import { slateDbPersistence } from './slatedb-persistence.ts'

const missing = await whyNoS3Gateway()

// The whole suite runs against the server in memory: each of its checks starts processes, which takes a minute together.
it.skipIf(missing !== undefined)(
  `SlateDB on a real S3 server: a later writer fences an earlier one, and what was durable outlives the server ${missing ?? ''}`,
  { timeout: PATIENCE_MS },
  async () => {
    await using gateway = await S3Gateway.start()
    const connect = () => slateDbPersistence({ url: 's3://bucket/jobs/a', environment: environmentOf(gateway.endpoint) })
    const [earlier, later] = [connect(), connect()]
    const store = await earlier.open('manifest')
    const etag = await store.putIf('head', bytesOf('first'), 'absent')
    const large = new Uint8Array(3_000_000).fill(7)
    await store.put('segment/1', large)
    const other = await later.open('manifest')
    expect(await rejection(store.putIf('head', bytesOf('of a zombie'), etag))).toMatchObject({ code: 'ERR_FENCED' })
    await other.putIf('head', bytesOf('second'), etag)
    await gateway.stop('SIGKILL')
    await gateway.restart()
    const reader = await later.read('manifest')
    expect(textOf(await reader.get('head'))).toBe('second')
    const read = (await reader.get('segment/1'))?.bytes ?? Buffer.alloc(0)
    expect(Buffer.compare(read, large)).toBe(0)
    expect(await pathsIn(reader.list(''))).toEqual(['head', 'segment/1'])
    await Promise.all([earlier.close(), later.close()])
  },
)
