import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Repository, type Rule, readRepository } from './repository.ts'
import { ambientEffects } from './rules/ambient-effects.ts'
import { deepImports } from './rules/deep-imports.ts'
import { dependencyTable } from './rules/dependency-table.ts'
import { docsLinks } from './rules/docs-links.ts'
import { docsSnippets } from './rules/docs-snippets.ts'
import { errorDocs } from './rules/error-docs.ts'
import { fileLength } from './rules/file-length.ts'
import { fileNames } from './rules/file-names.ts'
import { importCycles } from './rules/import-cycles.ts'
import { machineTraces } from './rules/machine-traces.ts'
import { nodeImports } from './rules/node-imports.ts'
import { packageManifests } from './rules/package-manifests.ts'
import { plainSyntax } from './rules/plain-syntax.ts'

type Files = Record<string, string>

/** Writes the files to a temporary folder and reads it as a repository. */
function fixture(files: Files): Repository {
  const root = mkdtempSync(join(tmpdir(), 'malstrom-tidy-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return readRepository(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const manifest = (fields: object) => JSON.stringify(fields)
const core = manifest({ name: '@malstrom/core', exports: { '.': './dist/index.js' } })
const joined = (...parts: string[]) => parts.join('')

/** A rule, what is planted, and what the one violation must say; `undefined` means that there is none. */
const cases: [name: string, rule: Rule, files: Files, message: RegExp | undefined][] = [
  [
    'an import in core',
    dependencyTable,
    { 'packages/core/src/a.ts': "import { x } from 'lodash'" },
    /a\.ts:1 imports "lodash".*no package/,
  ],
  ['an own file in core', dependencyTable, { 'packages/core/src/a.ts': "import { x } from './b.ts'" }, undefined],
  ['runtime importing operators', dependencyTable, { 'packages/runtime/src/a.ts': "\nexport * from '@malstrom/operators'" }, /a\.ts:2/],
  ['an import type', dependencyTable, { 'packages/core/src/a.ts': "type T = import('rxjs').Observable" }, /"rxjs"/],
  ['a dynamic import', dependencyTable, { 'packages/operators/src/a.ts': "await import('@malstrom/runtime')" }, /"@malstrom\/runtime"/],
  [
    'a test using a devDependency',
    dependencyTable,
    { 'package.json': manifest({ devDependencies: { vitest: '4' } }), 'packages/core/src/a.test.ts': "import 'vitest'" },
    undefined,
  ],
  ['a test using anything else', dependencyTable, { 'packages/core/src/a.test.ts': "import 'jest'" }, /"jest"/],
  [
    'a declared dependency',
    dependencyTable,
    { 'packages/core/package.json': manifest({ name: 'c', dependencies: { rxjs: '7' } }) },
    /"rxjs"/,
  ],
  ['a package without a line', dependencyTable, { 'packages/new/package.json': manifest({ name: 'n' }) }, /not in the dependency table/],

  ['node:fs in core', nodeImports, { 'packages/core/src/a.ts': "import { rm } from 'node:fs'" }, /a\.ts:1 imports "node:fs"/],
  ['node:fs in a host', nodeImports, { 'packages/runtime/src/hosts/thread.ts': "import { rm } from 'node:fs'" }, undefined],
  ['net without prefix', nodeImports, { 'packages/connector-file/src/a.ts': "import 'net'" }, /Write "node:net"/],
  ['node:fs in the cli', nodeImports, { 'packages/malstrom/src/cli.ts': "import 'node:fs'" }, undefined],
  ['node:fs in a file like the cli', nodeImports, { 'packages/malstrom/src/client.ts': "import 'node:fs'" }, /client\.ts:1/],

  ['Date.now', ambientEffects, { 'packages/core/src/a.ts': 'export const now = Date.now' }, /uses Date\.now/],
  ['the current date', ambientEffects, { 'packages/core/src/a.ts': 'export const now = new Date()' }, /uses new Date/],
  ['a date of a number', ambientEffects, { 'packages/core/src/a.ts': 'export const day = new Date(0)' }, undefined],
  ['Math.random', ambientEffects, { 'packages/operators/src/a.ts': 'Math.random()' }, /uses Math\.random/],
  ['performance.now', ambientEffects, { 'packages/runtime/src/worker/a.ts': 'performance.now()' }, /uses performance\.now/],
  ['setTimeout', ambientEffects, { 'packages/runtime/src/worker/a.ts': 'setTimeout(f, 1)' }, /uses setTimeout/],
  ['a global setInterval', ambientEffects, { 'packages/runtime/src/a.ts': 'globalThis.setInterval(f, 1)' }, /uses setInterval/],
  ['setTimeout as a value', ambientEffects, { 'packages/runtime/src/a.ts': 'const timer = setTimeout' }, /uses setTimeout/],
  ['a timer of an injected clock', ambientEffects, { 'packages/runtime/src/a.ts': 'clock.setTimeout(f, 1)' }, undefined],
  ['a timer in a host', ambientEffects, { 'packages/runtime/src/host/a.ts': 'setTimeout(f, 1)' }, undefined],
  ['a mention in a comment', ambientEffects, { 'packages/core/src/a.ts': '// never setTimeout' }, undefined],

  [
    'a relative import across packages',
    deepImports,
    { 'packages/runtime/src/a.ts': "import '../../core/src/b.ts'" },
    /outside packages\/runtime/,
  ],
  [
    'a path that is not exported',
    deepImports,
    { 'packages/core/package.json': core, 'apps/x/src/a.ts': "import '@malstrom/core/b'" },
    /not export/,
  ],
  ['a path that is exported', deepImports, { 'packages/core/package.json': core, 'apps/x/src/a.ts': "import '@malstrom/core'" }, undefined],

  [
    'two files',
    importCycles,
    { 'apps/x/src/a.ts': "import './b.ts'", 'apps/x/src/b.ts': "import type { A } from './a.ts'" },
    /a\.ts -> .*b\.ts -> .*a\.ts/,
  ],
  [
    'a diamond',
    importCycles,
    { 'apps/x/src/a.ts': "import './b.ts'\nimport './c.ts'", 'apps/x/src/b.ts': "import './c.ts'", 'apps/x/src/c.ts': '' },
    undefined,
  ],
  [
    'two packages',
    importCycles,
    {
      'packages/a/package.json': manifest({ name: 'a', dependencies: { b: '1' } }),
      'packages/b/package.json': manifest({ name: 'b', peerDependencies: { a: '1' } }),
    },
    /a -> b -> a/,
  ],

  ['camelCase', fileNames, { 'packages/core/src/myFile.ts': '' }, /"myFile\.ts" is not kebab-case/],
  ['kebab-case tests', fileNames, { 'packages/core/src/my-file.test-d.ts': '' }, undefined],
  ['utils', fileNames, { 'packages/core/src/utils.test.ts': '' }, /names nothing/],
  ['a folder called helpers', fileNames, { 'packages/core/src/helpers/a.ts': '' }, /"helpers" names nothing/],

  ['351 lines', fileLength, { 'packages/core/src/a.ts': '\n'.repeat(350).concat('x()') }, /has 351 lines.*second idea/],
  ['350 lines', fileLength, { 'packages/core/src/a.ts': '\n'.repeat(349).concat('x()\n') }, undefined],

  ['an enum', plainSyntax, { 'apps/x/src/a.ts': 'export enum A { B }' }, /declares an enum/],
  ['a namespace', plainSyntax, { 'apps/x/src/a.ts': 'export namespace A { export const b = 1 }' }, /declares a namespace/],
  ['a module augmentation', plainSyntax, { 'apps/x/src/a.ts': "declare module 'x' { interface Y {} }" }, undefined],
  ['something left to do', plainSyntax, { 'apps/x/src/a.ts': joined('// TO', 'DO later') }, /a\.ts:1 says/],

  ['no README', packageManifests, { 'packages/core/package.json': manifest({ name: 'c', private: true }) }, /has no README/],
  ['no publishConfig', packageManifests, packageFiles({ name: 'c' }), /no publishConfig\.exports/],
  [
    'a published source condition',
    packageManifests,
    packageFiles({ name: 'c', publishConfig: { exports: { '.': { '@malstrom/source': './src/index.ts' } } } }),
    /publishes the condition/,
  ],
  [
    'an export that is not published',
    packageManifests,
    packageFiles({ name: 'c', exports: { './x': '' }, publishConfig: { exports: {} } }),
    /"\.\/x"/,
  ],
  ['a package that is not released', packageManifests, packageFiles({ name: 'new', publishConfig: { exports: {} } }), /not released/],
  [
    'a package as it should be',
    packageManifests,
    packageFiles({ name: 'c', exports: { '.': '' }, publishConfig: { exports: { '.': '' } } }),
    undefined,
  ],

  ['a home folder', machineTraces, { 'README.md': joined('see /ho', 'me/me/x') }, /README\.md:1 names the machine's folder/],
  ['a relative folder', machineTraces, { 'README.md': joined('see ./ho', 'me/me and src/ho', 'me/x') }, undefined],
  [
    'a registry host',
    machineTraces,
    { 'pnpm-lock.yaml': joined('\nx: https://registry.npm', 'js.org/x') },
    /yaml:2 names the registry host/,
  ],
  ['a tarball address', machineTraces, { 'pnpm-lock.yaml': joined('tarball: ht', 'tps://localhost/x.tgz') }, /address of a tarball/],
  ['a registry setting', machineTraces, { '.npmrc': 'registry=http://localhost' }, /sets a registry/],

  [
    'a snippet that stands in no file',
    docsSnippets,
    { 'README.md': '```ts\nconst a = 2\n```\n', 'apps/x/src/a.ts': 'const a = 1' },
    /README\.md shows a snippet/,
  ],
  [
    'a snippet of a file',
    docsSnippets,
    { 'README.md': '```ts\nconst a = 1\n```\n', 'apps/x/src/a.ts': 'if (b) {\n  const a = 1\n}' },
    undefined,
  ],

  ['a link to nothing', docsLinks, { 'docs/a.md': 'see [b](../apps/b.ts)' }, /docs\/a\.md links to \.\.\/apps\/b\.ts/],
  [
    'links to a file, a folder, a heading and another place',
    docsLinks,
    { 'docs/a.md': '[b](../apps/x/b.ts#L1) [x](../apps/x/) [here](#b) [there](https://b.example/c)', 'apps/x/b.ts': '' },
    undefined,
  ],

  ['a code without docs', errorDocs, { 'packages/core/src/error-code.ts': '// ERR_A', 'docs/errors.md': '' }, /does not explain ERR_A/],
  ['docs without a code', errorDocs, { 'packages/core/src/error-code.ts': '', 'docs/errors.md': 'ERR_B' }, /explains ERR_B/],
  ['no docs yet', errorDocs, { 'packages/core/src/error-code.ts': '// ERR_A' }, undefined],
]

function packageFiles(fields: object): Files {
  return {
    'packages/core/package.json': manifest(fields),
    'packages/core/README.md': '',
    '.changeset/config.json': manifest({ fixed: [['c']] }),
  }
}

describe('a rule', () => {
  it.each(cases)('on %s', (_, rule, files, message) => {
    const violations = rule(fixture(files))
    expect(violations).toEqual(message === undefined ? [] : [expect.stringMatching(message)])
  })

  it('refuses a file that does not parse', () => {
    expect(() => fixture({ 'apps/x/src/a.ts': 'const = 1' })).toThrow(/apps\/x\/src\/a\.ts does not parse/)
  })
})
