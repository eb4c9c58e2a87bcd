/** Totals of orders, from Kafka to Kafka, exactly once although the job is killed: `pnpm order-totals`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { Kafka, logLevel } from 'kafkajs'
import type { Params } from './job.ts'
import { orderOf, placeOrders } from './orders.ts'
import { TotalsReader } from './totals-reader.ts'

const PARTITIONS = 4
/** How long to wait for totals before something must be wrong. */
const PATIENCE_MS = 120_000

const { values } = parseArgs({ options: { brokers: { type: 'string' }, orders: { type: 'string', default: '200000' } } })
const count = Number(values.orders)
if (!Number.isSafeInteger(count) || count < 2) throw new Error(`--orders is a whole number above 1, not ${values.orders}.`)
process.exitCode = await (values.brokers === undefined ? withOwnKafka() : run(values.brokers.split(',')))

async function withOwnKafka(): Promise<number> {
  const missing = await whyNoKafka()
  if (missing !== undefined) {
    console.error(
      `There is no Kafka to start: ${missing}. Start one with docker compose up --wait kafka, and give --brokers localhost:9092.`,
    )
    return 1
  }
  console.log('Starting Kafka ...')
  await using kafka = await KafkaServer.start()
  return await run(kafka.brokers)
}

async function run(brokers: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'malstrom-order-totals-'))
  const suffix = Date.now().toString(36) // So that a Kafka that is kept can be used again.
  const params: Params = { brokers, orders: `orders-${suffix}`, totals: `totals-${suffix}`, directory }
  await makeTopics(brokers, [params.orders, params.totals])
  let job: ChildProcess | undefined
  try {
    await using totals = new TotalsReader()
    await totals.start(brokers, params.totals)
    const half = Math.floor(count / 2)
    await placeOrders(brokers, params.orders, 0, half)
    console.log(`${half} orders are in the topic ${params.orders}. The job starts.`)
    job = startJob(params)
    await until(() => totals.count >= count / 10, job)
    job.kill('SIGKILL')
    console.log(`It is killed when ${totals.count} totals are visible in ${params.totals}, and starts again.`)
    job = startJob(params)
    await placeOrders(brokers, params.orders, half, count)
    await until(() => totals.count >= count, job)
    await sleep(1_000) // What comes twice has the time to come.
    return report(totals)
  } finally {
    job?.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

function startJob(params: Params): ChildProcess {
  const file = fileURLToPath(new URL('./run-job.ts', import.meta.url))
  return spawn(process.execPath, [...process.execArgv, file, JSON.stringify(params)], { stdio: ['ignore', 'inherit', 'inherit'] })
}

async function until(holds: () => boolean, job: ChildProcess): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 20) {
    if (job.exitCode !== null) throw new Error(`The job has ended with status ${job.exitCode}.`)
    if (waitedMs > PATIENCE_MS) throw new Error(`Nothing more came for ${PATIENCE_MS / 1000} s.`)
    await sleep(20)
  }
}

async function makeTopics(brokers: readonly string[], topics: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS })), waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
}

/** Compares with what a plain loop finds; answers the exit status. */
function report(totals: TotalsReader): number {
  const expected = new Map<string, number>()
  for (let n = 0; n < count; n++) {
    const { customer, cents } = orderOf(n)
    expected.set(customer, (expected.get(customer) ?? 0) + cents)
  }
  const wrong = [...totals.wrong]
  for (const [customer, cents] of expected) {
    const found = totals.last.get(customer)?.cents
    if (found !== cents) wrong.push(`${customer}: ${found} cents, not ${cents}`)
  }
  if (totals.count !== count) wrong.push(`${totals.count} totals, not ${count}`)
  const best = [...totals.last.values()].sort((a, b) => b.cents - a.cents).slice(0, 5)
  for (const { customer, orders, cents } of best)
    console.log(`${customer.padEnd(14)} ${String(orders).padStart(6)} orders  ${(cents / 100).toFixed(2).padStart(12)}`)
  console.log(
    wrong.length === 0
      ? `${count} orders, ${totals.count} totals: none lost, none twice, all right.`
      : `WRONG:\n${wrong.slice(0, 10).join('\n')}`,
  )
  return wrong.length === 0 ? 0 : 1
}
