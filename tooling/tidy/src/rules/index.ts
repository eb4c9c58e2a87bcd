import type { Rule } from '../repository.ts'
import { ambientEffects } from './ambient-effects.ts'
import { deepImports } from './deep-imports.ts'
import { dependencyTable } from './dependency-table.ts'
import { docsLinks } from './docs-links.ts'
import { docsSnippets } from './docs-snippets.ts'
import { fileLength } from './file-length.ts'
import { fileNames } from './file-names.ts'
import { importCycles } from './import-cycles.ts'
import { machineTraces } from './machine-traces.ts'
import { nodeImports } from './node-imports.ts'
import { packageManifests } from './package-manifests.ts'
import { plainSyntax } from './plain-syntax.ts'

/** Every rule of the repository, under the sentence that it holds. */
export const rules: Readonly<Record<string, Rule>> = {
  'every package imports only what the dependency table gives it': dependencyTable,
  'node: modules are imported by adapters only': nodeImports,
  'clocks, timers and dice are used by adapters only': ambientEffects,
  'packages import each other only through their exports': deepImports,
  'no files and no packages import each other in a cycle': importCycles,
  'files are named in kebab-case after what they export': fileNames,
  'files hold one idea': fileLength,
  'the code is erasable and nothing in it is left to do': plainSyntax,
  'every package has a README and publishes no source condition': packageManifests,
  'every snippet in the docs stands in a file that runs': docsSnippets,
  'links in the docs lead to what is there': docsLinks,
  'no file names a folder of a machine or a registry': machineTraces,
}
