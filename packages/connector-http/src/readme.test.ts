import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { selfSignedCertificate } from './fixture/certificate.ts'
import { EventListener } from './fixture/listeners.ts'
import { eventually, PATIENCE_MS, post, TemporaryFolder, within } from './fixture/open-source.ts'
import { type Payment, start, toPayment } from './fixture/payments-job.ts'
import { Receiver } from './fixture/receiver.ts'
import { httpSource, webhookSink, webSocketSink } from './index.ts'

// #region web-socket
const sessions = new Set<string>()
const live = webSocketSink({
  port: 8_080,
  origins: ['https://shop.example.com'],
  authorize: ({ headers }) => sessions.has(String(headers.cookie)),
  encode: (payment: Payment) => `${payment.account}: ${payment.amount}`,
  onSlow: 'drop',
})
// #endregion

// #region tls
const overTls = (folder: string, token: string) =>
  httpSource({
    port: 8_443,
    host: '0.0.0.0',
    decode: toPayment,
    token,
    tls: { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) },
    limits: { connectionsMax: 500, requestTimeoutMs: 20_000 },
  })
// #endregion

// #region batches
const rejected: number[] = []
const hook = webhookSink({
  url: 'https://hooks.example.com/payments',
  headers: { authorization: `Bearer ${process.env.HOOK_TOKEN}` },
  batch: { recordsMax: 500, delayMs: 50 },
  lanes: 4,
  onRejected: ({ status, values }) => rejected.push(status, values.length),
})
// #endregion

it('the README takes payments, shows them, and sends alerts', { timeout: 60_000 }, async () => {
  using folder = new TemporaryFolder()
  await using receiver = await Receiver.start()
  const [port, livePort] = await freePorts()
  const execution = await start({ port, livePort, hook: `${receiver.url}/alerts`, folder: folder.path })
  execution.finished.catch(() => {}) // `suspend` tells.
  const url = `http://127.0.0.1:${port}/payments`
  const rows = ['{"account":"a","amount":5}', '{"account":"b","amount":20000}'].join('\n')
  expect(await post(url, rows, { 'content-type': 'application/x-ndjson', 'idempotency-key': '1' })).toMatchObject({
    status: 202,
    body: { accepted: 2 },
  })
  expect(await post(url, {})).toMatchObject({ status: 400, body: { error: 'record 1: a payment has an account and an amount' } })
  await eventually('the alert arrives', () => receiver.taken.length === 1)
  expect(receiver.taken[0]).toMatchObject({ path: '/alerts', body: { account: 'b', amount: 20_000 }, headers: { 'x-team': 'fraud' } })
  await using listener = await EventListener.connect(`http://127.0.0.1:${livePort}`)
  expect(await listener.read(2)).toEqual(['{"account":"a","amount":5}', '{"account":"b","amount":20000}'])
  await within(execution.suspend(), `end within ${PATIENCE_MS} ms`)
  // It goes on where it was: the request is known, and nothing is sent again.
  const again = await start({ port, livePort, hook: `${receiver.url}/alerts`, folder: folder.path })
  again.finished.catch(() => {})
  expect(await post(url, rows, { 'content-type': 'application/x-ndjson', 'idempotency-key': '1' })).toMatchObject({
    status: 202,
    body: { repeated: true },
  })
  await post(url, { account: 'c', amount: 30_000 })
  await eventually('the next alert arrives', () => receiver.requests.length === 2)
  await within(again.suspend(), `end within ${PATIENCE_MS} ms`)
  expect(receiver.bodies).toEqual([
    { account: 'b', amount: 20_000 },
    { account: 'c', amount: 30_000 },
  ])
})

it('the other forms of the README are made', () => {
  expect([live, hook].every(({ openPartition }) => typeof openPartition === 'function')).toBe(true)
  using folder = new TemporaryFolder()
  const { key, cert } = selfSignedCertificate()
  writeFileSync(join(folder.path, 'key.pem'), key)
  writeFileSync(join(folder.path, 'cert.pem'), cert)
  expect(overTls(folder.path, 'open-sesame').listPartitions()).toEqual(['requests'])
})

it('the README shows the four of them', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect([...readme.matchAll(/^```ts$/gm)]).toHaveLength(4)
})

async function freePorts(): Promise<[number, number]> {
  await using first = await Receiver.start()
  await using second = await Receiver.start()
  return [Number(new URL(first.url).port), Number(new URL(second.url).port)]
}
