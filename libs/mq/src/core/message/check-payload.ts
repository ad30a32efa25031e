import { callUser } from '../runtime/user-code.js';
import type { AnySchema, SchemaIssue } from './standard-schema.js';

/** Why a payload does not fit its schema. */
export interface PayloadIssue {
  /** From `payload` on: `payload.items.0.sku`. */
  readonly path: string;
  readonly reason: string;
}

export type CheckedPayload = { readonly value: unknown } | { readonly issues: readonly PayloadIssue[] };

/** A schema for a list may find something wrong with each of a thousand elements. */
const LISTED = 10;
const MAX_REASON = 200;

/** Asks a schema about a payload. Rejects with what the schema throws: that says nothing about the payload. */
export async function checkPayload(schema: AnySchema, payload: unknown): Promise<CheckedPayload> {
  const result = await callUser(() => schema['~standard'].validate(payload));
  return result.issues === undefined ? { value: result.value } : { issues: result.issues.map(issueOf) };
}

export function describeIssues(issues: readonly PayloadIssue[]): string {
  const listed = issues.slice(0, LISTED).map(({ path, reason }) => `${path}: ${reason}`);
  const more = issues.length - listed.length;
  return listed.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function issueOf(issue: SchemaIssue): PayloadIssue {
  const keys = [...(issue.path ?? [])].map((part) => String(typeof part === 'object' ? part.key : part));
  const own = keys.join('.');
  const said = withoutValue(issue);
  // arktype begins its sentences with the path.
  const reason = own !== '' && said.startsWith(`${own} `) ? said.slice(own.length + 1) : said;
  return { path: ['payload', ...keys].join('.'), reason: reason.slice(0, MAX_REASON) };
}

/**
 * Errors are logged and kept, and payloads are not to get there. valibot and arktype say in their sentences what they got: a name of a
 * type (`a string`) stays, a value (`"4111 1111"`) goes.
 */
function withoutValue(issue: SchemaIssue): string {
  const { message, received, actual } = issue as SchemaIssue & { received?: unknown; actual?: unknown };
  return [received, actual]
    .filter((shown) => typeof shown === 'string' && /^["'`\d-]/.test(shown))
    .reduce<string>((text, shown) => text.replaceAll(shown as string, '…'), String(message));
}
