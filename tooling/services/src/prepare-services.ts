import { gatewayProgram } from './s3/gateway-program.ts'

// Makes what services need and takes long to make, so that it is there when the first test asks. Where it cannot be made, tests say so.
await gatewayProgram().catch(() => {})
