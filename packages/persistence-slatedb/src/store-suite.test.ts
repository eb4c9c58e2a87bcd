import { FakeS3 } from '@malstrom/services'
import { objectStoreSuite } from '@malstrom/testing'
import { afterAll, beforeAll } from 'vitest'
import { environmentOf, PATIENCE_MS } from './fixture/outcome.ts'
import { TemporaryFolder } from './fixture/temporary-folder.ts'
import { slateDbPersistence } from './slatedb-persistence.ts'

const folder = new TemporaryFolder()
let server: FakeS3
let places = 0

beforeAll(async () => {
  server = await FakeS3.start()
})

afterAll(async () => {
  folder[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
})

const inFolder = () => slateDbPersistence({ url: `${folder.url}/${places}` })

objectStoreSuite('SlateDB in a directory', {
  create() {
    places++
    return inFolder()
  },
  reopen: inFolder,
  exclusive: true,
  timeoutMs: PATIENCE_MS,
})

const inBucket = () => slateDbPersistence({ url: `s3://bucket/jobs/${places}`, environment: environmentOf(server.endpoint) })

objectStoreSuite('SlateDB in S3', {
  create() {
    places++
    return inBucket()
  },
  reopen: inBucket,
  exclusive: true,
  timeoutMs: PATIENCE_MS,
})
