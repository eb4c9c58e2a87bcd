import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { OwnProcess } from './own-process.ts'
import { runRounds } from './rounds.ts'

const FLAGS = ['--conditions=@malstrom/source', '--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]

const started: OwnProcess[] = []

afterEach(() => {
  for (const own of started.splice(0)) own.end()
})

async function served(computes: string): Promise<OwnProcess> {
  const own = await OwnProcess.start('served', new URL('./fixture/served-process.ts', import.meta.url), [computes], FLAGS)
  started.push(own)
  return own
}

describe('a contestant in a process of its own', () => {
  it('says how many records it has, and runs once for each round', async () => {
    const own = await served('42')
    expect(own.records).toBe(7)
    const samples = await runRounds([own], { warmup: 2, counted: 0 })
    expect(samples.get('served')).toEqual([])
    await expect(own.runOnce()).rejects.toThrow('The process of served ended with exit status 4.')
  })

  it('measures the run itself, and has no garbage but its own', async () => {
    const { elapsedMs, cpuShare, collected } = await (await served('42')).runOnce()
    expect(elapsedMs).toBeGreaterThan(0)
    expect(cpuShare).toBeGreaterThanOrEqual(0)
    expect(collected).toBe(false)
  })

  it('fails when it computes something else', async () => {
    await expect((await served('41')).runOnce()).rejects.toThrow('served computed 41, right is 42')
  })

  it('fails when it ends before it is ready', async () => {
    await expect(served('nothing')).rejects.toThrow('The process of served ended with exit status 3.')
  })
})
