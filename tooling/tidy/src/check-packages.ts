// Proves that what would be published works: builds, packs, lints the tarballs, installs them in an empty project and imports them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

let passed = 0
let failed = 0

function main() {
  const packages = publicPackages()
  for (const { directory } of packages) rmSync(join(directory, 'dist'), { recursive: true, force: true })
  // Forced, because a cached build may hold files whose source is gone.
  if (!check('build', root, tool(root, 'turbo'), 'run', 'build', '--force', '--output-logs=errors-only')) return
  const packed = packages.map(pack)
  for (const { manifest, tarball } of packed) {
    check(`${manifest.name}: publint`, temporary, tool(tidy, 'publint'), 'run', tarball, '--strict')
    check(`${manifest.name}: attw`, temporary, tool(tidy, 'attw'), tarball, '--profile', 'esm-only', '--no-emoji')
  }
  importInEmptyProject(packed)
}

function publicPackages(): PublicPackage[] {
  return readdirSync(join(root, 'packages'))
    .map((folder) => join(root, 'packages', folder))
    .map((directory) => ({ directory, manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
}

function pack({ directory, manifest }: PublicPackage): PackedPackage {
  const target = join(temporary, 'tarballs')
  const tarball = join(target, `${manifest.name.replace('@', '').replace('/', '-')}.tgz`)
  check(`${manifest.name}: pack`, directory, tool(root, 'pnpm'), 'pack', '--out', tarball)
  return { directory, manifest, tarball }
}

/** The layout of pnpm hides what a package does not declare, so an undeclared dependency fails here. */
function importInEmptyProject(packed: readonly PackedPackage[]) {
  const project = join(temporary, 'project')
  mkdirSync(project)
  const tarballs = Object.fromEntries(packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  const { vitest, tsx } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  const manifest = { name: 'empty-project', private: true, type: 'module', dependencies: { ...tarballs, vitest, tsx } }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, null, 2))
  // Without the overrides pnpm would look for the packages' own dependencies in the registry.
  const settings = { overrides: tarballs, strictDepBuilds: false, packages: ['.'] }
  writeFileSync(join(project, 'pnpm-workspace.yaml'), JSON.stringify(settings, null, 2))
  if (!check('install the tarballs', project, tool(root, 'pnpm'), 'install', '--no-frozen-lockfile', '--prefer-offline')) return

  for (const { manifest } of packed) {
    for (const entry of Object.keys(manifest.exports ?? {}).filter((key) => !key.endsWith('.json'))) {
      const specifier = manifest.name + entry.slice(1)
      check(`import '${specifier}'`, project, process.execPath, '--input-type=module', '--eval', `await import('${specifier}')`)
    }
    for (const bin of Object.keys(manifest.bin ?? {})) check(`${bin} --help`, project, tool(project, bin), '--help')
  }
  runJobs(project)
}

/** The command line runs a job, in JavaScript and in TypeScript (with tsx, where Node does not strip types), from the packed packages. */
function runJobs(project: string) {
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
    check(`malstrom run ${file}`, project, tool(project, 'malstrom'), 'run', file)
  }
}

function tool(directory: string, name: string): string {
  return join(directory, 'node_modules/.bin', name)
}

function check(name: string, cwd: string, command: string, ...args: string[]): boolean {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  const isFine = status === 0
  console.log(`${isFine ? 'ok    ' : 'FAILED'} ${name}`)
  if (!isFine) console.log([stdout, stderr, error?.message].join('\n').trim())
  if (isFine) passed += 1
  else failed += 1
  return isFine
}

try {
  main()
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
