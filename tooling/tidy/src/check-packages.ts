// Proves that what would be published works: builds, packs, lints the tarballs, installs them in an empty project and imports them.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Manifest } from './repository.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const tidy = join(root, 'tooling/tidy')
const temporary = mkdtempSync(join(tmpdir(), 'malstrom-packages-'))

interface PublicPackage {
  readonly directory: string
  readonly manifest: Manifest & { readonly bin?: Record<string, string> }
}

interface PackedPackage extends PublicPackage {
  readonly tarball: string
}

/** What a tool may print. */
const OUTPUT_BYTES_MAX = 64 * 2 ** 20

let passed = 0
let failed = 0

/** Tools that run at the same time: most of their time goes into starting. */
const TOGETHER = 3

async function main() {
  const packages = publicPackages()
  for (const { directory } of packages) rmSync(join(directory, 'dist'), { recursive: true, force: true })
  // Forced, because a cached build may hold files whose source is gone.
  if (!(await check('build', root, tool(root, 'turbo'), 'run', 'build', '--force', '--output-logs=errors-only'))) return
  const packed = await together(packages, pack)
  await together(packed, async ({ manifest, tarball }) => {
    await check(`${manifest.name}: publint`, temporary, tool(tidy, 'publint'), 'run', tarball, '--strict')
    await check(`${manifest.name}: attw`, temporary, tool(tidy, 'attw'), tarball, '--profile', 'esm-only', '--no-emoji')
  })
  await importInEmptyProject(packed)
}

/** What `action` gives for each, in their order. */
async function together<T, R>(all: readonly T[], action: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const waiting = all.entries()
  const work = async () => {
    for (const [index, each] of waiting) results[index] = await action(each)
  }
  await Promise.all(Array.from({ length: TOGETHER }, work))
  return results
}

function publicPackages(): PublicPackage[] {
  return readdirSync(join(root, 'packages'))
    .map((folder) => join(root, 'packages', folder))
    .map((directory) => ({ directory, manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
}

async function pack({ directory, manifest }: PublicPackage): Promise<PackedPackage> {
  const target = join(temporary, 'tarballs')
  const tarball = join(target, `${manifest.name.replace('@', '').replace('/', '-')}.tgz`)
  await check(`${manifest.name}: pack`, directory, tool(root, 'pnpm'), 'pack', '--out', tarball)
  return { directory, manifest, tarball }
}

/** The layout of pnpm hides what a package does not declare, so an undeclared dependency fails here. */
async function importInEmptyProject(packed: readonly PackedPackage[]) {
  const project = join(temporary, 'project')
  mkdirSync(project)
  const tarballs = Object.fromEntries(packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  const { vitest, tsx } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  const manifest = { name: 'empty-project', private: true, type: 'module', dependencies: { ...tarballs, vitest, tsx } }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, null, 2))
  // Without the overrides pnpm would look for the packages' own dependencies in the registry.
  const settings = { overrides: tarballs, strictDepBuilds: false, packages: ['.'] }
  writeFileSync(join(project, 'pnpm-workspace.yaml'), JSON.stringify(settings, null, 2))
  if (!(await check('install the tarballs', project, tool(root, 'pnpm'), 'install', '--no-frozen-lockfile', '--prefer-offline'))) return

  await together(packed, async ({ manifest }) => {
    for (const entry of Object.keys(manifest.exports ?? {}).filter((key) => !key.endsWith('.json'))) {
      const specifier = manifest.name + entry.slice(1)
      await check(`import '${specifier}'`, project, process.execPath, '--input-type=module', '--eval', `await import('${specifier}')`)
    }
    for (const bin of Object.keys(manifest.bin ?? {})) await check(`${bin} --help`, project, tool(project, bin), '--help')
  })
  await runJobs(project)
}

/** The command line runs a job, in JavaScript and in TypeScript (with tsx, where Node does not strip types), from the packed packages. */
async function runJobs(project: string) {
  for (const [file, annotation] of [
    ['job.mjs', ''],
    ['job.ts', ': number'],
  ] as const) {
    writeFileSync(
      join(project, file),
      `import { defineJob, fromIterable, toConsole } from 'malstrom'
export default defineJob({
  name: 'packed',
  module: import.meta.url,
  build(flow) {
    flow.source('numbers', fromIterable([1, 2])).map('double', (n${annotation}) => n * 2).sink('out', toConsole())
  },
})
`,
    )
    await check(`malstrom run ${file}`, project, tool(project, 'malstrom'), 'run', file)
  }
}

function tool(directory: string, name: string): string {
  return join(directory, 'node_modules/.bin', name)
}

const run = promisify(execFile)

async function check(name: string, cwd: string, command: string, ...args: string[]): Promise<boolean> {
  try {
    await run(command, args, { cwd, encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX })
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    console.log(`FAILED ${name}\n${[stdout, stderr, message].join('\n').trim()}`)
    failed += 1
    return false
  }
  console.log(`ok     ${name}`)
  passed += 1
  return true
}

try {
  await main()
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
