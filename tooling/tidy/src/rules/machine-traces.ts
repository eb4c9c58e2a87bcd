import type { Rule } from '../repository.ts'

const FOLDERS = ['work', 'root', 'home']
const HOSTS = ['npmjs.org', 'npmjs.com', 'yarnpkg.com', 'npmmirror.com', 'npm.pkg.github.com', 'jfrog.io']
const MACHINE_PATH = new RegExp(`(?<![\\w.@~*$}-])/(${FOLDERS.join('|')})/`)
const REGISTRY_HOST = new RegExp(HOSTS.map((host) => `(?:^|[/.@:\\s"'])(${host.replaceAll('.', '[.]')})\\b`).join('|'))
const TARBALL_URL = /\btarball:\s*['"]?https?:/

/** No file knows the machine it was written on: no absolute paths of a home or work folder, no registry hosts. */
export const machineTraces: Rule = ({ files }) =>
  files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const where = `${path}:${index + 1}`
      const folder = MACHINE_PATH.exec(line)?.[0]
      const isRule = path === 'tooling/tidy/src/rules/machine-traces.ts'
      const host = isRule ? undefined : REGISTRY_HOST.exec(line)?.find((group, position) => position > 0 && group !== undefined)
      return [
        ...(folder === undefined ? [] : [`${where} names the machine's folder "${folder}". Use a relative path or a temporary folder.`]),
        ...(host === undefined ? [] : [`${where} names the registry host "${host}". The registry is the user's choice; leave it out.`]),
        ...(TARBALL_URL.test(line) ? [`${where} holds the address of a tarball. Install again without lockfile addresses.`] : []),
        ...(path.endsWith('.npmrc') && /registry\s*=/.test(line)
          ? [`${where} sets a registry. The registry is the user's choice; leave it out.`]
          : []),
      ]
    }),
  )
