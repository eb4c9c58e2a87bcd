/** How far a file has been read: after the last record that was emitted. */
export interface FilePosition {
  /** Bytes from the beginning of the file; of a compressed file, of what it unpacks to. */
  readonly offset: number
  /** Records emitted so far from this path: the timestamp of the next one. */
  readonly index: number
  /** Lines before `offset`, for error messages. */
  readonly line: number
  /** Which file it was; absent for what is no regular file. */
  readonly file?: FileIdentity
  /** The file was read to its end and not followed. */
  readonly finished?: true
}

/** Tells a file from another one that has its path later: by its inode, and by how it begins. */
export interface FileIdentity {
  readonly inode: string
  /** How many bytes `headCrc32` is made of. */
  readonly headBytes: number
  readonly headCrc32: number
}

export const FILE_START: FilePosition = { offset: 0, index: 0, line: 0 }
