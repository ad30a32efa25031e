import type { EntitySchemaColumnOptions } from 'typeorm';

// Instants are epoch milliseconds in the tables, and drivers hand out big integers as texts.
const asDate = {
  from: (value: string | number | null): Date | null => (value === null ? null : new Date(Number(value))),
  to: (value: Date | null | undefined): number | null | undefined => (value instanceof Date ? value.getTime() : value),
};
const asNumber = {
  from: (value: string | number | null): number | null => (value === null ? null : Number(value)),
  to: (value: number | null | undefined): number | null | undefined => value,
};

type Options = { readonly length?: number; readonly nullable?: boolean; readonly primary?: boolean };

export const text = (name: string, options: Options = {}): EntitySchemaColumnOptions => ({
  name,
  type: 'varchar',
  ...options,
});
export const longText = (name: string, nullable = true): EntitySchemaColumnOptions => ({
  name,
  type: 'text',
  nullable,
});
export const count = (name: string): EntitySchemaColumnOptions => ({ name, type: 'int' });
export const flag = (name: string): EntitySchemaColumnOptions => ({ name, type: Boolean });
export const instant = (name: string, nullable = false): EntitySchemaColumnOptions => ({
  name,
  type: 'bigint',
  nullable,
  transformer: asDate,
});
/** A whole number that a double can hold. */
export const wholeNumber = (name: string): EntitySchemaColumnOptions => ({
  name,
  type: 'bigint',
  nullable: true,
  transformer: asNumber,
});
export const millis = wholeNumber;
