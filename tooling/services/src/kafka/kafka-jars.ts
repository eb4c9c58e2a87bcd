import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE } from '../cache.ts'

/** The Kafka that tests run against; another one with the environment variable KAFKA_VERSION. */
export const KAFKA_VERSION = process.env.KAFKA_VERSION ?? '3.9.1'
/** The newest one, in which the oldest requests are gone (KIP-896) and transactions are checked more strictly (KIP-890). */
export const KAFKA_4 = '4.3.1'

/** Time for Maven to fetch 60 MB, in milliseconds. */
const DOWNLOAD_MS = 240_000
const PROBE_MS = 20_000
/** Kafka 4 is compiled for Java 17, earlier ones for Java 8. */
const JAVA_OF_KAFKA_4 = 17

const run = promisify(execFile)

/** The class path of Kafka's server and tools; fetched from Maven Central by the first call, and kept. */
export async function kafkaClassPath(version: string): Promise<string> {
  if (!existsSync(jarsOf(version))) await fetchJars(version)
  return join(jarsOf(version), '*')
}

/**
 * Why no broker can be started here, which is also printed, so that nobody takes skipped tests for passed ones; `undefined` if
 * one can. Fetches the jars if they are missing.
 */
export async function whyNoKafka(version = KAFKA_VERSION): Promise<string | undefined> {
  const reason = await obstacle(version)
  if (reason !== undefined) process.stderr.write(`Tests against Kafka ${version} are skipped: ${reason}.\n`)
  return reason
}

/** Whether it is a Kafka of 4.0 or later. */
export function isKafka4(version: string): boolean {
  return Number(version.split('.')[0]) >= 4
}

function jarsOf(version: string): string {
  return join(CACHE, `kafka-${version}`)
}

async function obstacle(version: string): Promise<string | undefined> {
  const java = await printed('java', ['-version'])
  if (java === undefined) return 'there is no java on the path; Kafka 3 needs Java 11, Kafka 4 Java 17 or newer'
  const javaVersion = Number(/version "(\d+)/.exec(java)?.[1] ?? 0)
  if (isKafka4(version) && javaVersion < JAVA_OF_KAFKA_4) return `it needs Java 17 or newer, and java on the path is ${javaVersion}`
  if (existsSync(jarsOf(version))) return undefined
  if ((await printed('mvn', ['-version'])) === undefined) return 'there is no mvn on the path to fetch the jars of Kafka with'
  try {
    await fetchJars(version)
    return undefined
  } catch (thrown) {
    const told = thrown instanceof Error && 'stdout' in thrown ? `${thrown.stdout}` : `${thrown}`
    const line = told.split('\n').find((text) => text.includes('ERROR')) ?? told.slice(0, 200)
    return `the jars of Kafka could not be fetched from Maven Central: ${line.trim()}`
  }
}

async function printed(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(command, [...args], { timeout: PROBE_MS })
    return `${stdout}${stderr}`
  } catch {
    return undefined // It is not there, or does not run.
  }
}

/** Fetches into a folder of its own and renames it, so that nobody sees half of the jars, and two may fetch at once. */
async function fetchJars(version: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetching-'))
  try {
    await writeFile(join(folder, 'pom.xml'), pomOf(version))
    const jars = join(folder, 'jars')
    const options = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`]
    await run('mvn', options, { cwd: folder, timeout: DOWNLOAD_MS, killSignal: 'SIGKILL' })
    if (!(await readdir(jars)).includes(`kafka_2.13-${version}.jar`)) throw new Error('Maven fetched no broker')
    await rename(jars, jarsOf(version)).catch((thrown) => {
      if (!existsSync(jarsOf(version))) throw thrown
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function pomOf(version: string): string {
  const dependency = (group: string, artifact: string, itsVersion: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${itsVersion}</version></dependency>`
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>malstrom</groupId><artifactId>services</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', version)}
    ${dependency('org.apache.kafka', 'kafka-tools', version)}
    ${/* Kafka 4 leaves it to the user where its log goes. */ isKafka4(version) ? dependency('org.slf4j', 'slf4j-simple', '1.7.36') : ''}
  </dependencies>
</project>
`
}
