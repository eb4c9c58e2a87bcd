export type { S3Options } from './s3-options.ts'
export { s3Persistence } from './s3-persistence.ts'
