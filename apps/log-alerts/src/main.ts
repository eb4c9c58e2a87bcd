/** Alerts of a webhook about errors in logs: `pnpm log-alerts`; with `--webhook` those of your own logs, without a demo. */
import { parseArgs } from 'node:util'
import { MalstromError, singleThread } from 'malstrom'
import { runDemo } from './demo.ts'
import job from './job.ts'

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '.' },
    webhook: { type: 'string' },
    threshold: { type: 'string', default: '5' },
    'idle-after': { type: 'string', default: '5000' },
    state: { type: 'string', default: './log-alerts-state' },
  },
})
const threshold = Number(values.threshold)
if (!Number.isSafeInteger(threshold) || threshold < 1) throw new Error(`--threshold is a whole number above 0, not ${values.threshold}.`)

process.exitCode = await (values.webhook === undefined ? runDemo(import.meta.url) : watch(values.webhook)).catch((thrown: unknown) => {
  console.error(thrown instanceof MalstromError ? `${thrown.code}: ${thrown.message}` : thrown)
  return 1
})
// Standard input may still be open.
if (values.webhook !== undefined) process.exit()

/** Runs until Ctrl-C or SIGTERM, and goes on from there the next time. */
async function watch(webhook: string): Promise<number> {
  const execution = await singleThread({ snapshotIntervalMs: 1_000 }).start(job, {
    folder: values.folder,
    webhook,
    threshold,
    idleAfterMs: Number(values['idle-after']),
    directory: values.state,
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void execution.suspend().catch(() => execution.cancel()))
  await execution.finished
  return 0
}
