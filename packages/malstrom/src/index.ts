export * from '@malstrom/connector-file'
export * from '@malstrom/core'
export * from '@malstrom/operators'
export * from '@malstrom/runtime'
