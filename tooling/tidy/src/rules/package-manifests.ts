import type { Rule } from '../repository.ts'

const SOURCE_CONDITION = '@malstrom/source'

/** Every package has a README; a public one is packed without the source condition and released with the others. */
export const packageManifests: Rule = ({ workspaces, files }) => {
  const paths = new Set(files.map(({ path }) => path))
  const changesets = files.find(({ path }) => path === '.changeset/config.json')
  const released: string[] = changesets === undefined ? [] : JSON.parse(changesets.text).fixed.flat()
  return workspaces
    .filter(({ directory }) => directory.startsWith('packages/'))
    .flatMap(({ directory, manifest }) => {
      const violations: string[] = []
      if (!paths.has(`${directory}/README.md`))
        violations.push(`${directory} has no README.md. One sentence, install, a short example, a link.`)
      if (manifest.private === true) return violations
      const published = manifest.publishConfig?.exports
      if (published === undefined) {
        violations.push(`${directory}/package.json has no publishConfig.exports. Repeat "exports" there without "${SOURCE_CONDITION}".`)
      } else {
        if (JSON.stringify(published).includes(SOURCE_CONDITION)) {
          violations.push(`${directory}/package.json publishes the condition "${SOURCE_CONDITION}". Leave it out of publishConfig.exports.`)
        }
        const missing = Object.keys(manifest.exports ?? {}).filter((entry) => !Object.hasOwn(published, entry))
        for (const entry of missing)
          violations.push(`${directory}/package.json exports "${entry}" but does not publish it. Add it to publishConfig.exports.`)
      }
      if (!released.includes(manifest.name)) {
        violations.push(`${manifest.name} is not released with the others. Add it to "fixed" in .changeset/config.json.`)
      }
      return violations
    })
}
