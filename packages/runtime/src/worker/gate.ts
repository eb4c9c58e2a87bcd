/**
 * Whether a task may go on: it stops after the current record while anything it writes to is full.
 * One gate belongs to one task; each thing the task writes to closes it and opens it again.
 */
export class Gate {
  /** Read after every record, so it is a plain field. */
  closed = false
  #closedBy = 0
  readonly #opened: () => void

  /** `opened` is called when the task may go on. */
  constructor(opened: () => void) {
    this.#opened = opened
  }

  close(): void {
    this.#closedBy++
    this.closed = true
  }

  open(): void {
    this.#closedBy--
    if (this.#closedBy > 0) return
    this.closed = false
    this.#opened()
  }
}
