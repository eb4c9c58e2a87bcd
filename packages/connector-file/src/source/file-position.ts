/** How far a file has been read: after the last record that was emitted. */
export interface FilePosition {
  /** Bytes from the beginning of the file. */
  readonly offset: number
  /** Records emitted so far: the timestamp of the next one. */
  readonly index: number
  /** Lines before `offset`, for error messages. */
  readonly line: number
}

export const FILE_START: FilePosition = { offset: 0, index: 0, line: 0 }
