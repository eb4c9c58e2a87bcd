import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DirectConnection } from './direct-connection.ts'
import { ConnectionLost, RedisRefusal } from './redis-port.ts'

let server: Server
let sockets: Socket[]
/** What the server does with what comes. */
let answer: (socket: Socket, received: string) => void

beforeEach(async () => {
  sockets = []
  answer = () => {}
  server = createServer((socket) => {
    sockets.push(socket)
    socket.on('data', (chunk) => answer(socket, String(chunk))).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

async function opened(silenceMsMax = 20_000): Promise<{ connection: DirectConnection; socket: Socket }> {
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  const connection = new DirectConnection(silenceMsMax)
  connection.attach(socket)
  return { connection, socket }
}

const lost = expect.any(ConnectionLost)

it('each request gets its answers, in order, and refusals among them', async () => {
  const { connection } = await opened()
  let asked = 0
  answer = (socket, received) => {
    asked += received.split('ping').length - 1
    if (asked === 3) socket.write('+one\r\n-ERR no\r\n$5\r\nthree\r\n')
  }
  const [first, second] = await Promise.all([connection.send([['ping'], ['ping']]), connection.send([['ping']], true)])
  expect(first).toEqual(['one', new RedisRefusal('ERR no')])
  expect(second).toEqual([Buffer.from('three')])
})

it('what was not answered when the connection breaks is lost, what was answered is not', async () => {
  const { connection } = await opened()
  answer = (socket) => socket.end('+one\r\n')
  expect(await Promise.all([connection.send([['ping'], ['ping']]), connection.send([['ping']])])).toEqual([['one', lost], [lost]])
  expect(connection.isOpen).toBe(false)
  expect(await connection.send([['ping']])).toEqual([lost])
})

it('goes on over another socket, and hears nothing of the old one', async () => {
  const { connection, socket } = await opened()
  const waiting = connection.send([['ping']])
  const other = await opened()
  connection.attach(other.socket)
  expect(await waiting).toEqual([lost])
  answer = (peer) => peer.write('+new\r\n')
  const answered = connection.send([['ping']])
  socket.emit('data', Buffer.from('+old\r\n'))
  expect(await answered).toEqual(['new'])
})

it.each([
  ['is silent for too long', ''],
  ['is no Redis', 'HTTP/1.1 400 Bad Request\r\n'],
  ['says more than it was asked', '+one\r\n+two\r\n+three\r\n'],
])('a server that %s is given up', async (_, said) => {
  const { connection, socket } = await opened(100)
  answer = (peer) => peer.write(said)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const answers = await connection.send([['ping'], ['ping']])
  await closed
  expect(connection.isOpen).toBe(false)
  if (!said.startsWith('+')) expect(answers).toEqual([lost, lost])
})

it('a server that was not asked may be silent', async () => {
  const { connection } = await opened(50)
  answer = (peer) => peer.write('+PONG\r\n')
  expect(await connection.send([['ping']])).toEqual(['PONG'])
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(connection.isOpen).toBe(true)
})
