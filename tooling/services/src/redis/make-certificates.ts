import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** An authority and a certificate of it for 127.0.0.1, for one day, in `folder`. Needs `openssl`. */
export function makeCertificates(folder: string): Certificates {
  const path = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder })
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`)
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...newKey, '-days', '1', '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.crt')
  openssl('req', ...newKey, '-subj', '/CN=127.0.0.1', '-keyout', 'redis.key', '-out', 'redis.csr')
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1')
  openssl('x509', '-req', '-days', '1', '-in', 'redis.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-extfile', 'names', '-out', 'redis.crt')
  return { ca: path('ca.crt'), certificate: path('redis.crt'), key: path('redis.key') }
}
