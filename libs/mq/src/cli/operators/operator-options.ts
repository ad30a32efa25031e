import type { CliContext } from '../cli-context.js';
import type { OptionSpec } from '../command.js';
import { UsageError } from '../usage-error.js';
import type { Values } from '../values.js';

const ACTOR: OptionSpec = {
  flags: '--actor <name>',
  description: 'who is kept as the one who asked; user@host unless given',
};

/** Of commands that change rows, and have to say why. */
export const OPERATOR: readonly OptionSpec[] = [
  { flags: '--reason <text>', description: 'why; kept with what was changed. Needed' },
  ACTOR,
];

/** Of those that may leave it out. */
export const OPERATOR_WITHOUT_REASON: readonly OptionSpec[] = [
  { flags: '--reason <text>', description: 'why; kept with what was changed' },
  ACTOR,
];

export interface Operator {
  readonly reason?: string;
  readonly actor: string;
}

export function operatorOf(context: CliContext, { reason, actor }: Values): Operator {
  return {
    actor: (actor as string | undefined) ?? context.actor,
    ...(reason !== undefined && { reason: reason as string }),
  };
}

/** @throws {UsageError} without a reason: before an application is booted that would refuse it */
export function reasonedOperatorOf(context: CliContext, values: Values): Operator & { readonly reason: string } {
  const operator = operatorOf(context, values);
  const reason = operator.reason?.trim() ?? '';
  if (reason === '')
    throw new UsageError("say why: --reason '…'. It is kept with the rows, for whoever looks at them later");
  return { ...operator, reason };
}
