import { type ChildProcess, spawn } from 'node:child_process'

/** A shell that reads from us: when we are gone, even by SIGKILL, it meets the end of its input, and kills the process. */
export function guardOf(pid: number): ChildProcess {
  const guard = spawn('sh', ['-c', `read _; kill -9 ${pid}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  return guard
}
