import { expect, it } from 'vitest'
import { parseCommandLine } from './command-line.ts'

const byDefault = {
  snapshotIntervalMs: undefined,
  snapshotTimeoutMs: undefined,
  restoreVersion: undefined,
  allowDropped: [],
  allowMixedKeys: [],
}

it('run takes a job file and options in any order', () => {
  const state = { url: undefined, ...byDefault }
  const expected = { command: 'run', file: 'job.ts', params: '{"a":1}', job: 'orders', quiet: true, state }
  expect(parseCommandLine(['run', 'job.ts', '--params', '{"a":1}', '--job=orders', '-q'])).toEqual(expected)
  expect(parseCommandLine(['--quiet', '--job', 'orders', 'run', '--params={"a":1}', 'job.ts'])).toEqual(expected)
})

it('run takes where state is kept, and what to go on from', () => {
  const times = ['--snapshot-interval', '1.5s', '--snapshot-timeout', '2m']
  const names = ['--allow-dropped', 'a,b', '--allow-mixed-keys', 'c']
  expect(parseCommandLine(['run', 'job.ts', '--state', 'file:./state', ...times, '--restore=12', ...names])).toMatchObject({
    state: {
      url: 'file:./state',
      snapshotIntervalMs: 1_500,
      snapshotTimeoutMs: 120_000,
      restoreVersion: 12,
      allowDropped: ['a', 'b'],
      allowMixedKeys: ['c'],
    },
  })
})

it('graph prints text unless asked for another format', () => {
  const choice = { command: 'graph', file: 'job.ts', params: undefined, job: undefined }
  expect(parseCommandLine(['graph', 'job.ts'])).toEqual({ ...choice, format: 'text' })
  expect(parseCommandLine(['graph', 'job.ts', '--format', 'mermaid'])).toEqual({ ...choice, format: 'mermaid' })
})

it('coordinator and worker take where they are', () => {
  const place = { listen: 'tcp://10.0.0.5:7070', advertise: undefined, keys: './keys', joinLimitMs: 5_000 }
  const state = { url: 'file:./state', ...byDefault }
  const coordinator = ['coordinator', 'job.ts', '--workers', '4', '--worker-silence', '2s', '--state', 'file:./state', '--params', '1']
  expect(parseCommandLine([...coordinator, '--listen', place.listen, '--keys', './keys', '--join-limit', '5s'])).toEqual({
    command: 'coordinator',
    file: 'job.ts',
    job: undefined,
    params: '1',
    quiet: false,
    workers: 4,
    silenceMs: 2_000,
    place,
    state,
  })
  expect(parseCommandLine(['worker', 'job.ts', '--coordinator', 'tcp://a:1', '--advertise', 'b', '-q', '--job', 'orders'])).toEqual({
    command: 'worker',
    file: 'job.ts',
    job: 'orders',
    quiet: true,
    coordinator: 'tcp://a:1',
    place: { listen: undefined, advertise: 'b', keys: undefined, joinLimitMs: undefined },
  })
})

it('status and rescale take an address, or that of a coordinator by default', () => {
  const address = 'tcp://127.0.0.1:7070'
  expect(parseCommandLine(['status'])).toEqual({ command: 'status', address, keys: undefined, json: false })
  expect(parseCommandLine(['status', 'tcp://a:1', '--json', '--keys', 'k'])).toMatchObject({ address: 'tcp://a:1', keys: 'k', json: true })
  expect(parseCommandLine(['explain'])).toEqual({ command: 'explain', address, keys: undefined, json: false })
  expect(parseCommandLine(['rescale', '0'])).toEqual({ command: 'rescale', address, workers: 0, keys: undefined })
  expect(parseCommandLine(['rescale', 'tcp://a:1', '3', '--keys', 'k'])).toMatchObject({ address: 'tcp://a:1', workers: 3, keys: 'k' })
  expect(parseCommandLine(['keys', './keys'])).toEqual({ command: 'keys', folder: './keys' })
})

it('params may look like an option', () => {
  expect(parseCommandLine(['run', 'job.ts', '--params', '-1'])).toMatchObject({ params: '-1' })
})

it.each([
  [['--help'], undefined],
  [['-h'], undefined],
  [['help'], undefined],
  [['run', '--help'], 'run'],
  [['help', 'graph'], 'graph'],
])('%j asks for help', (args, topic) => {
  expect(parseCommandLine(args)).toEqual({ command: 'help', topic })
})

it.each([
  [['rn', 'job.ts'], 'malstrom has no command "rn". Did you mean run? See malstrom --help.'],
  [['deploy', 'job.ts'], 'malstrom has no command "deploy". See malstrom --help.'],
  [['job.ts'], '"job.ts" is no command. Did you mean malstrom run job.ts? See malstrom --help.'],
  [['run'], 'malstrom run needs a job file: malstrom run job.ts. See malstrom run --help.'],
  [['explain', 'a', 'b'], 'malstrom explain takes one address, and was given a, b. See malstrom explain --help.'],
  [['status', 'a', 'b'], 'malstrom status takes one address, and was given a, b. See malstrom status --help.'],
  [
    ['rescale'],
    'malstrom rescale needs an address and a number of workers: malstrom rescale tcp://127.0.0.1:7070 4. See malstrom rescale --help.',
  ],
  [['rescale', 'tcp://a:1', 'many'], 'malstrom rescale needs a number of workers, not "many". See malstrom rescale --help.'],
  [['keys'], 'malstrom keys needs a folder: malstrom keys ./keys. See malstrom keys --help.'],
  [
    ['coordinator', 'job.ts', '--workers', '0'],
    '--workers is how many workers the job has, a whole number above 0, not "0". See malstrom coordinator --help.',
  ],
  [
    ['worker', 'job.ts', '--join-limit', 'long'],
    '--join-limit is a time such as 500ms, 10s or 5m, not "long". See malstrom worker --help.',
  ],
  [['worker', 'job.ts', '--params', '1'], 'malstrom worker has no option --params. See malstrom worker --help.'],
  [['run', 'a.ts', 'b.ts'], 'malstrom run takes one job file, and was given "a.ts", "b.ts". See malstrom run --help.'],
  [['run', 'job.ts', '--parms', '1'], 'malstrom run has no option --parms. Did you mean --params? See malstrom run --help.'],
  [['run', 'job.ts', '-x'], 'malstrom run has no option -x. See malstrom run --help.'],
  [['graph', 'job.ts', '--quiet'], 'malstrom graph has no option --quiet. See malstrom graph --help.'],
  [['--params', '{}'], '--params belongs to a command: malstrom run or malstrom graph or malstrom coordinator. See malstrom --help.'],
  [['run', 'job.ts', '--params'], `--params needs a value: --params '{"limit": 10}'. See malstrom --help.`],
  [['run', 'job.ts', '--params', '--quiet'], `--params needs a value: --params '{"limit": 10}'. See malstrom --help.`],
  [['run', 'job.ts', '--quiet=1'], '--quiet takes no value, and was given "1". See malstrom --help.'],
  [
    ['graph', 'job.ts', '--format', 'mermeid'],
    '--format is text, mermaid, json, not "mermeid". Did you mean mermaid? See malstrom graph --help.',
  ],
])('%j is refused', (args, message) => {
  expect(() => parseCommandLine(args)).toThrow(expect.objectContaining({ code: 'ERR_CLI_USAGE', message }))
})
