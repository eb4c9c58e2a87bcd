export { diskPersistence } from './disk-persistence.ts'
export { memoryPersistence } from './memory-persistence.ts'
