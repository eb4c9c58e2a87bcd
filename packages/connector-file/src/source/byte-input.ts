/** Where the bytes of a source partition come from. The shape is that of `SourcePartition`: `take` never waits. */
export interface ByteInput {
  /**
   * The next bytes in memory, or `undefined` if there are none. They are valid until the next call.
   * Throws once everything before a failure has been taken.
   */
  take(): Uint8Array | undefined
  /** True once `take` has returned everything. */
  readonly ended: boolean
  /** Resolves when `take` has bytes again, or the input has ended or was closed; rejects if the input is lost. */
  ready(): Promise<void>
  close(): Promise<void> | void
}
