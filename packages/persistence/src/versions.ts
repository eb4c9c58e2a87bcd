import { dirname, join } from 'node:path'
import { type DiskFiles, ifThere } from './disk-files.ts'

/** One write of an object: the file `<name>@<number>`. */
export interface Version {
  /** The file name of the object. */
  readonly name: string
  readonly number: number
  readonly file: string
}

const VERSION = /^(.+)@([1-9]\d*)$/

/** The file of one version of the object whose file would be `file`. */
export function fileOfVersion(file: string, number: number): string {
  return `${file}@${number}`
}

/** The versions of the object whose file would be `file`, oldest first. */
export async function versionsOf(files: DiskFiles, file: string): Promise<Version[]> {
  const directory = dirname(file)
  return (await versionsIn(files, directory)).filter(({ name }) => join(directory, name) === file)
}

/** The versions of all objects in a directory, the older ones of an object before the newer ones. */
export async function versionsIn(files: DiskFiles, directory: string): Promise<Version[]> {
  const versions: Version[] = []
  for (const entry of (await ifThere(files.names(directory))) ?? []) {
    const version = entry.isDirectory ? undefined : versionOf(directory, entry.name)
    if (version !== undefined) versions.push(version)
  }
  return versions.sort((a, b) => a.number - b.number)
}

/** `undefined` if the file is of another kind: something that an operating system or a person has put there. */
export function versionOf(directory: string, fileName: string): Version | undefined {
  const [, name, number] = VERSION.exec(fileName) ?? []
  return name === undefined ? undefined : { name, number: Number(number), file: join(directory, fileName) }
}
