import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { eventually, OpenSource, PATIENCE_MS, post, TemporaryFolder, within } from '../fixture/open-source.ts'

const KILLS = 3
const SENDERS = 8
const PROGRAM = fileURLToPath(new URL('../fixture/killed-process.ts', import.meta.url))

/** A process that reads the source, and what it has told. */
class Reader {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly url: Promise<string>
  position: number | undefined
  readonly values: number[] = []

  constructor(directory: string, position: number | undefined) {
    const args = ['--conditions=@malstrom/source', '--import', 'tsx', PROGRAM, directory]
    this.#child = spawn(process.execPath, position === undefined ? args : [...args, `${position}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.position = position
    const lines = createInterface({ input: this.#child.stdout as NonNullable<ChildProcess['stdout']> })
    this.#ended = Promise.all([once(lines, 'close'), once(this.#child, 'exit')])
    this.url = new Promise((resolve) => {
      lines.on('line', (line) => {
        const [what, number, values = ''] = line.split(' ')
        if (what === 'port') return resolve(`http://127.0.0.1:${number}/`)
        this.position = Number(number)
        if (values !== '') this.values.push(...values.split(',').map(Number))
      })
    })
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await within(this.#ended, 'end of the process')
  }
}

it('loses nothing that was answered 202, and doubles nothing, whenever it is killed', { timeout: 90_000 }, async () => {
  using folder = new TemporaryFolder()
  const accepted: number[] = []
  const read: number[] = []
  let position: number | undefined
  let next = 0
  let url = ''
  const send = async (id: number): Promise<void> => {
    // Like a client that does not know whether its request arrived: it sends it again until it is told.
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
      const status = await post(url, [id, id], { 'idempotency-key': `${id}` }).then(
        (answer) => answer.status,
        () => 0,
      )
      if (status === 202) {
        accepted.push(id)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`Record ${id} was never accepted.`)
  }
  let isSending = true
  const senders = Array.from({ length: SENDERS }, async () => {
    while (isSending) await send(next++)
  })
  for (let kill = 0; kill < KILLS; kill++) {
    const reader = new Reader(folder.path, position)
    url = await within(reader.url, 'port')
    const enough = accepted.length + 60 + 37 * kill
    await eventually(`${enough} requests are accepted`, () => accepted.length >= enough)
    if (kill === KILLS - 1) {
      isSending = false
      await within(Promise.all(senders), 'end of the senders')
    }
    await reader.kill()
    // What it read after its last snapshot is read again.
    read.push(...reader.values)
    position = reader.position
  }
  await using source = await OpenSource.open<number>(
    { durable: { directory: folder.path } },
    position === undefined ? {} : { state: { position } },
  )
  const left = 2 * accepted.length - read.length
  read.push(...(await source.readTo(left)))
  expect(source.poll()).toBe('idle')
  expect([...read].sort((a, b) => a - b)).toEqual(accepted.flatMap((id) => [id, id]).sort((a, b) => a - b))
})
