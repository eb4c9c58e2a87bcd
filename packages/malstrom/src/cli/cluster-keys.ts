import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MalstromError, messageOf, type ProcessKeys, type ProcessTransportModule } from '@malstrom/core'
import { transportFor } from './load-job.ts'

const FILE = 'cluster.keys'

/** The keys of a cluster: one pair, which all its processes share. `undefined` if none are given. */
export function readKeys(path: string | undefined): { readonly keys: ProcessKeys } | undefined {
  if (path === undefined) return undefined
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const file = isFolder ? join(path, FILE) : path
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new MalstromError('ERR_CLI_USAGE', `--keys: "${file}" cannot be read: ${messageOf(cause)}. Make keys: malstrom keys <folder>.`, {
      cause,
      context: { path: file },
    })
  }
  const [, publicKey] = /^public (\S{40})$/m.exec(text) ?? []
  const [, secretKey] = /^secret (\S{40})$/m.exec(text) ?? []
  if (publicKey !== undefined && secretKey !== undefined) return { keys: { publicKey, secretKey } }
  throw new MalstromError('ERR_CLI_USAGE', `--keys: "${file}" holds no keys as malstrom keys <folder> makes them.`, {
    context: { path: file },
  })
}

/** Makes the keys of a new cluster; answers what to print. */
export async function keysCommand({ folder }: { readonly folder: string }): Promise<string> {
  const { generateKeys } = (await import(transportFor(join(process.cwd(), 'job.mjs')))) as ProcessTransportModule
  const { publicKey, secretKey } = generateKeys()
  const file = join(folder, FILE)
  const text = `# The keys of a cluster of Malstrom. Whoever has them can take part in its jobs.\npublic ${publicKey}\nsecret ${secretKey}\n`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const why = exists ? 'it is there already, and others may use it. Remove it first, or choose another folder' : messageOf(cause)
    throw new MalstromError('ERR_FILE', `"${file}" cannot be written: ${why}.`, { cause, context: { path: file } })
  }
  return `The keys are in ${file}. Copy the file to every machine of the cluster and give it to each command: --keys ${folder}\n`
}
