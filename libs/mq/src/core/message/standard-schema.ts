/**
 * A schema of any library that follows https://standardschema.dev: zod, valibot, arktype and others. What the specification says is
 * repeated here, so that none of them is needed.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

// Asked of the schema that was given and not by `extends StandardSchema<infer I, infer O>`: its type may know nothing of either.
type TypesOf<S> = S extends { readonly '~standard': { readonly types?: infer T } } ? NonNullable<T> : never;

/** What a schema takes. */
export type SchemaInput<S> = TypesOf<S> extends { readonly input: infer I } ? I : unknown;
/** What a schema makes of it. */
export type SchemaOutput<S> = TypesOf<S> extends { readonly output: infer O } ? O : unknown;

// Of schemas of any types: `unknown` would refuse those whose validate() takes less.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnySchema = StandardSchema<any, any>;

/** Whether somebody has given a schema. Those of arktype are functions. */
export function isSchema(value: unknown): value is AnySchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const { '~standard': standard } = value as Partial<AnySchema>;
  return typeof standard?.validate === 'function';
}
