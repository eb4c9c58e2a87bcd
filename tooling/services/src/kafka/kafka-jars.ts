import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The Kafka that tests run against. */
export const KAFKA_VERSION = '3.9.1'

/** Time for Maven to fetch 60 MB, in milliseconds. */
const DOWNLOAD_MS = 240_000
const PROBE_MS = 20_000

const run = promisify(execFile)
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/malstrom-services', import.meta.url))
const JARS = join(CACHE, `kafka-${KAFKA_VERSION}`)

/** The class path of Kafka's server and tools; fetched from Maven Central by the first call, and kept. */
export async function kafkaClassPath(): Promise<string> {
  if (!existsSync(JARS)) await fetchJars()
  return join(JARS, '*')
}

/**
 * Why no broker can be started here, which is also printed, so that nobody takes skipped tests for passed ones; `undefined` if
 * one can. Fetches the jars if they are missing.
 */
export async function whyNoKafka(): Promise<string | undefined> {
  const reason = await obstacle()
  if (reason !== undefined) process.stderr.write(`Tests against Kafka are skipped: ${reason}.\n`)
  return reason
}

async function obstacle(): Promise<string | undefined> {
  if ((await firstLine('java', ['-version'])) === undefined) return 'there is no java on the path; Kafka needs Java 11 or newer'
  if (existsSync(JARS)) return undefined
  if ((await firstLine('mvn', ['-version'])) === undefined) return 'there is no mvn on the path to fetch the jars of Kafka with'
  try {
    await fetchJars()
    return undefined
  } catch (thrown) {
    const told = thrown instanceof Error && 'stdout' in thrown ? `${thrown.stdout}` : `${thrown}`
    const line = told.split('\n').find((text) => text.includes('ERROR')) ?? told.slice(0, 200)
    return `the jars of Kafka could not be fetched from Maven Central: ${line.trim()}`
  }
}

async function firstLine(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(command, [...args], { timeout: PROBE_MS })
    return `${stdout}${stderr}`.split('\n')[0]
  } catch {
    return undefined // It is not there, or does not run.
  }
}

/** Fetches into a folder of its own and renames it, so that nobody sees half of the jars, and two may fetch at once. */
async function fetchJars(): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetching-'))
  try {
    await writeFile(join(folder, 'pom.xml'), POM)
    const jars = join(folder, 'jars')
    const options = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`]
    await run('mvn', options, { cwd: folder, timeout: DOWNLOAD_MS, killSignal: 'SIGKILL' })
    if (!(await readdir(jars)).includes(`kafka_2.13-${KAFKA_VERSION}.jar`)) throw new Error('Maven fetched no broker')
    await rename(jars, JARS).catch((thrown) => {
      if (!existsSync(JARS)) throw thrown
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>malstrom</groupId><artifactId>services</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA_VERSION}</version></dependency>
  </dependencies>
</project>
`
