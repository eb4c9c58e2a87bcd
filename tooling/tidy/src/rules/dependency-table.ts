import { isBuiltin } from 'node:module'
import type { Repository, Rule, SourceFile } from '../repository.ts'

/** What each package may import and depend on. A new package gets its line here. */
const DEPENDENCIES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  operators: ['@malstrom/core'],
  runtime: ['@malstrom/core', 'msgpackr'],
  'transport-zeromq': ['@malstrom/core', 'zeromq'],
  persistence: ['@malstrom/core'],
  'persistence-s3': ['@malstrom/core', '@aws-sdk/client-s3'],
  'persistence-slatedb': ['@malstrom/core', '@slatedb/uniffi'],
  'connector-file': ['@malstrom/core', 'fzstd'],
  'connector-http': ['@malstrom/core', 'ws'],
  'connector-kafka': ['@malstrom/core', 'kafkajs', 'fzstd'],
  'connector-redis': ['@malstrom/core', 'ioredis'],
  testing: ['@malstrom/core', '@malstrom/operators', '@malstrom/runtime', 'fast-check', 'vitest'],
  malstrom: ['@malstrom/core', '@malstrom/operators', '@malstrom/runtime', '@malstrom/connector-file', '@malstrom/persistence', 'tsx'],
}

/** Every package imports and declares only what the dependency table gives it; tests may add what is a devDependency. */
export const dependencyTable: Rule = (repository) => [
  ...repository.workspaces.flatMap(({ directory, manifest }) => {
    const allowed = allowedIn(directory)
    if (!directory.startsWith('packages/')) return []
    if (allowed === undefined)
      return [`${directory} is not in the dependency table. Add a line to tooling/tidy/src/rules/dependency-table.ts.`]
    return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
      .filter((name) => !allowed.includes(name))
      .map((name) => `${directory}/package.json depends on "${name}". ${mayUse(directory, allowed)}`)
  }),
  ...repository.sources.flatMap((file) => foreignImports(repository, file)),
]

function foreignImports(repository: Repository, file: SourceFile): string[] {
  const allowed = allowedIn(file.workspace)
  if (allowed === undefined) return []
  const testOnly = file.isTest ? devDependencies(repository, file.workspace) : []
  return file.module.imports.flatMap(({ specifier, line }) => {
    if (specifier.startsWith('.') || isBuiltin(specifier)) return []
    const name = packageName(specifier)
    if (allowed.includes(name) || testOnly.includes(name)) return []
    return [`${file.path}:${line} imports "${specifier}". ${mayUse(file.workspace, allowed)}`]
  })
}

/** `@malstrom/core/codec` belongs to `@malstrom/core`, `vitest/config` to `vitest`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function allowedIn(workspace: string): readonly string[] | undefined {
  return DEPENDENCIES[workspace.replace(/^packages\//, '')]
}

function devDependencies({ workspaces, rootManifest }: Repository, workspace: string): string[] {
  const own = workspaces.find(({ directory }) => directory === workspace)
  return Object.keys({ ...rootManifest?.devDependencies, ...own?.manifest.devDependencies })
}

function mayUse(workspace: string, allowed: readonly string[]): string {
  return `${workspace} may use ${allowed.length === 0 ? 'no package' : `only ${allowed.join(', ')}`} (STYLE.md, Dependencies).`
}
