export { RedisServer, type RedisServerOptions } from './redis/redis-server.ts'
export type { S3Fault, S3Request } from './s3-request.ts'
export { S3Server, type S3ServerOptions } from './s3-server.ts'
