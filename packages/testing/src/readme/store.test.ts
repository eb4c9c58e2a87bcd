// #region store
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskPersistence } from '@malstrom/persistence'
import { objectStoreSuite } from '@malstrom/testing'
import { afterAll } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'store-'))
afterAll(() => rmSync(root, { recursive: true }))
let places = 0

objectStoreSuite('diskPersistence', {
  create: () => diskPersistence(join(root, `${++places}`)), // before every check, an empty place
  reopen: () => diskPersistence(join(root, `${places}`)), // the same place, as another process would see it
})
// #endregion
