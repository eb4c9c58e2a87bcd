import { didYouMean, MalstromError } from '@malstrom/core'

/** What to do with the snapshots at a location. */
export type SnapshotsAction = { readonly location: string } & (
  | { readonly action: 'list' | 'verify' }
  | { readonly action: 'show'; readonly version: number }
  | { readonly action: 'read'; readonly version: number; readonly operator: string; readonly key: string | undefined }
)

const actions = ['list', 'show', 'verify', 'read'] as const

/** `<location> list | show <version> | verify | read <version> <operator>` */
export function snapshotsAction(words: readonly string[], key: string | undefined): SnapshotsAction {
  const [location, word = 'list', versionText, operator, ...more] = words
  if (location === undefined) throw usageError('malstrom snapshots needs a location: malstrom snapshots file:./state list.')
  const action = actions.find((known) => known === word)
  if (action === undefined) throw usageError(`malstrom snapshots cannot "${word}".${didYouMean(word, actions)}`)
  const wanted = { list: 2, verify: 2, show: 3, read: 4 }[action]
  if (more.length > 0 || words.length > wanted)
    throw usageError(`malstrom snapshots ${action} was given too much: ${words.slice(wanted).join(' ')}.`)
  if (key !== undefined && action !== 'read') throw usageError('--key belongs to malstrom snapshots <location> read.')
  if (action === 'list' || action === 'verify') return { location, action }
  const version = Number(versionText)
  if (versionText === undefined || !/^\d+$/.test(versionText))
    throw usageError(`malstrom snapshots ${action} needs the version of a snapshot, a whole number.`)
  if (action === 'show') return { location, action, version }
  if (operator === undefined) throw usageError('malstrom snapshots read needs the name of an operator; show lists them.')
  return { location, action, version, operator, key }
}

function usageError(problem: string): MalstromError {
  return new MalstromError('ERR_CLI_USAGE', `${problem} See malstrom snapshots --help.`)
}
