import { keysText, timestampText } from '../time/kept-back.ts'
import type { Window } from './window.ts'

/** What an operator keeps back that has open windows, of which `first` is complete first. */
export function openWindowsText(keys: number, first: Window<unknown>): string {
  return `open windows of ${keysText(keys)}, the first from ${timestampText(first.start)} to ${timestampText(first.end)}`
}
