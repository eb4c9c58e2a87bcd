/**
 * The part of Standard Schema, version 1 (https://standardschema.dev), that `validate` needs. Schemas of zod, valibot, arktype and
 * others have it as they are.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    /** The library that made the schema. */
    readonly vendor: string
    /** Answers with the output, or with what is wrong. Must not answer with a promise here. */
    readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>
    /** Only there for the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** Without `issues`, the value has passed. */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] }

export interface StandardSchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a schema reads. */
export type SchemaInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']
/** What a schema makes of it. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']
