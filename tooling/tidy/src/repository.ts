import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ParsedModule, parseModule } from './parse-module.ts'

/** One text file of the repository; `path` is relative to its root, with forward slashes. */
export interface RepositoryFile {
  readonly path: string
  readonly text: string
}

/** A TypeScript or JavaScript file below `packages/`, `apps/` or `tooling/`, and the workspace it belongs to. */
export interface SourceFile extends RepositoryFile {
  /** For example `packages/core`. */
  readonly workspace: string
  readonly isTest: boolean
  readonly module: ParsedModule
}

/** The parts of a package.json that the rules look at. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Record<string, unknown>
  readonly publishConfig?: { readonly exports?: Record<string, unknown> }
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

/** A folder with a package.json directly below `packages/`, `apps/` or `tooling/`. */
export interface Workspace {
  readonly directory: string
  readonly manifest: Manifest
}

export interface Repository {
  readonly files: readonly RepositoryFile[]
  readonly sources: readonly SourceFile[]
  readonly workspaces: readonly Workspace[]
  /** The root package.json, absent in small fixtures. */
  readonly rootManifest: Manifest | undefined
}

/** A rule answers with one line per violation: where, what, and what to do. */
export type Rule = (repository: Repository) => string[]

const UNTRACKED_FOLDERS = new Set(['node_modules', 'dist', 'coverage', '.git', '.turbo'])
const BINARY_FILE = /\.(png|jpe?g|gif|ico|woff2?|gz|tgz|zip|parquet|arrow|bin|ss|golden)$/

/** Reads every tracked file (or, without git, every file outside the build folders) of the repository at `root`. */
export function readRepository(root: string): Repository {
  const files = listFiles(root)
    .filter((path) => !BINARY_FILE.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  return repositoryOf(files)
}

/** Builds a repository from files in memory, so that a rule can be tested with a planted violation. */
export function repositoryOf(files: readonly RepositoryFile[]): Repository {
  const sources: SourceFile[] = []
  const workspaces: Workspace[] = []
  for (const file of files) {
    const [, directory, rest] = /^((?:packages|apps|tooling)\/[^/]+)\/(.+)$/.exec(file.path) ?? []
    if (directory === undefined || rest === undefined) continue
    if (rest === 'package.json') workspaces.push({ directory, manifest: JSON.parse(file.text) })
    if (!/\.(ts|tsx|mts|js|mjs)$/.test(rest)) continue
    // Fixtures are not published either.
    const isTest = /\.(test|test-d|bench)\.tsx?$|(^|\/)fixtures?\//.test(rest)
    sources.push({ ...file, workspace: directory, isTest, module: parseModule(file.path, file.text) })
  }
  const rootPackage = files.find((file) => file.path === 'package.json')
  return { files, sources, workspaces, rootManifest: rootPackage && JSON.parse(rootPackage.text) }
}

function listFiles(root: string): string[] {
  const listing = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const git = existsSync(join(root, '.git')) ? spawnSync('git', listing, { cwd: root, encoding: 'utf8' }) : undefined
  if (git?.status !== 0) return walk(root, '')
  return git.stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return UNTRACKED_FOLDERS.has(entry.name) ? [] : walk(root, path)
    return entry.isFile() ? [path] : []
  })
}
