import { FakeS3 } from '@malstrom/services'
import { objectStoreSuite } from '@malstrom/testing'
import { afterAll, beforeAll } from 'vitest'
import { connect } from './fixture/connect.ts'

let server: FakeS3
let places = 0

beforeAll(async () => {
  server = await FakeS3.start({ pageSize: 200 })
})

afterAll(() => server[Symbol.asyncDispose]())

const there = () => connect(server, { prefix: `jobs/${places}` })

objectStoreSuite('s3Persistence', {
  create() {
    places++
    return there()
  },
  reopen: there,
})
