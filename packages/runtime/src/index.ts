export { type SingleThreadOptions, singleThread } from './host/single-thread.ts'
