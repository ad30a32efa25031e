/** A rule's name, then its expression: on the same line, or as a block that is indented further. */
const RULE = /- alert: (\w+)\n +expr: (?:\|\n((?: {10}.*\n)+)|(.+)\n)/g;

export interface AlertExpression {
  readonly name: string;
  readonly expression: string;
}

/** What each alert of a file of rules asks, without for how long it must be so. */
export function alertExpressions(rules: string): AlertExpression[] {
  return [...rules.matchAll(RULE)].map(([, name, block, line]) => ({
    name: name!,
    expression: (block ?? line)!.trim(),
  }));
}
