import { objectStoreSuite } from '@malstrom/testing'
import { memoryPersistence } from './memory-persistence.ts'

objectStoreSuite('memory', { create: memoryPersistence, reopen: (backend) => backend })
