import { Worker } from 'node:worker_threads'

const SENDER = `
const { parentPort, workerData } = require('node:worker_threads')
const objects = Array.from({ length: 1024 }, (_, i) => ({ user: 'user-' + i % 500, page: '/page/' + i % 40, amount: i * 0.25, at: 1.7e12 + i, mobile: i % 3 === 0 }))
let sent = 0
const send = () => {
  for (let i = 0; i < 1024 && sent < workerData; i++, sent++) parentPort.postMessage(workerData > 0 ? objects[i] : i)
  if (sent < workerData) setImmediate(send)
}
send()
`

/** Millions of objects per second that come over with one `postMessage` each. */
export async function postMessageRate(objects: number): Promise<number> {
  const worker = new Worker(SENDER, { eval: true, workerData: objects })
  let count = 0
  let start = 0
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', () => {
      if (count === 0) start = performance.now()
      if (++count === objects) resolve()
    })
  })
  const elapsedMs = performance.now() - start
  await worker.terminate()
  return objects / elapsedMs / 1_000
}
