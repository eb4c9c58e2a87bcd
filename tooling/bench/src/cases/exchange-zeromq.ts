import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processes } from '@malstrom/runtime'
import { type ExchangeParams, exchangeJob } from '../exchange/exchange-job.ts'
import { readReport } from '../exchange/exchange-report.ts'
import { type Figure, figureOf } from '../figure.ts'
import { median } from '../statistics.ts'

const RUNS = 3
const NUMBERS = 20_000_000
const PACED = 20_000
const RATE = 10_000

/** Millions of numbers per second from one process to another over ZeroMQ ipc, through the whole engine; and how long one is under way. */
export async function runExchangeZeromq(): Promise<Figure[]> {
  const [rates, p50s]: [number[], number[]] = [[], []]
  for (let run = 0; run < RUNS; run++) {
    await inProcesses({ records: NUMBERS, kind: 'numbers' }, (directory) => {
      rates.push(NUMBERS / (readReport(directory, 'last') - readReport(directory, 'first')) / 1_000)
    })
    await inProcesses({ records: PACED, kind: 'numbers', rate: RATE }, (directory) => {
      // The first ones come while the processes still warm up.
      p50s.push(median(readReport(directory, 'latencies').slice(PACED / 4)))
    })
  }
  return [figureOf('exchange-zeromq', 'numbers_mrps', 'M/s', rates), figureOf('exchange-zeromq', 'latency_p50_us', 'us', p50s)]
}

async function inProcesses(params: Omit<ExchangeParams, 'report'>, read: (directory: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'malstrom-exchange-'))
  try {
    const runtime = processes({ workers: 2, transport: import.meta.resolve('@malstrom/transport-zeromq') })
    await runtime.run(exchangeJob, { ...params, report: { directory } })
    read(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
