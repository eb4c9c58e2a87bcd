import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { whyNoKafka } from '@malstrom/services'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const missing = await whyNoKafka()

it.skipIf(missing !== undefined)(
  `totals orders from Kafka to Kafka, each once, although it is killed ${missing ?? ''}`,
  { timeout: 180_000 },
  () => {
    const { FORCE_COLOR: _, ...env } = process.env
    const args = [...PROGRAM_FLAGS, main, '--orders', '20000']
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 170_000 })
    expect({ status: run.status, stderr: run.stderr }, run.stdout).toEqual({ status: 0, stderr: '' })
    expect(run.stdout).toMatch(/It is killed when [1-9]\d* totals are visible/)
    expect(run.stdout.trim().split('\n').at(-1)).toBe('20000 orders, 20000 totals: none lost, none twice, all right.')
  },
)
