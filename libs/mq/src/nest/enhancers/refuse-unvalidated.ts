import { ValidationPipe } from '@nestjs/common';
import { MqError } from '../../core/errors/mq-error.js';
import type { BoundParam } from './bound-params.js';

/**
 * Refuses a `ValidationPipe` that would let every payload pass. It validates against the class that stands as the parameter's type, and
 * that is lost where a compiler writes no metadata (`tsx`, `esbuild`), where the class is imported with `import type`, and of interfaces.
 *
 * @param pipes of class and method
 * @throws {MqError} `MQ_HANDLER_INVALID`
 */
export function refuseUnvalidated(name: string, params: readonly BoundParam[], pipes: readonly unknown[]): void {
  for (const { index, type, data, metatype, given } of params) {
    const isWhole = type === 'body' && data === undefined && given !== null;
    // What another pipe validates is up to that.
    const all = [...pipes, ...(given ?? [])];
    if (!isWhole || !NO_CLASS.has(metatype) || all.length === 0 || !all.every(needsClass)) continue;
    throw new MqError(
      'MQ_HANDLER_INVALID',
      `Parameter ${index + 1} of ${name} goes through a ValidationPipe, and has ${NO_CLASS.get(metatype)!} for its type, so nothing would be validated. ` +
        'Give it a class with decorators of class-validator for its type, import that class without `type`, and let the compiler emit its metadata ' +
        '(emitDecoratorMetadata; nest build does, tsx and esbuild do not); or name the class: new ValidationPipe({ expectedType: … }). For a list of objects use ParseArrayPipe({ items: … }).',
      { details: { handler: name, parameter: index + 1 } },
    );
  }
}

/** What stands as a type where no class is known, or which the pipe lets pass (those of its `toValidate()`), in words. */
const NO_CLASS = new Map<unknown, string>([
  [undefined, 'no class that is known here'],
  [Object, 'no class'],
  [Array, 'a list'],
  [String, 'a text'],
  [Number, 'a number'],
  [Boolean, 'a boolean'],
]);

/** One that somebody has extended may know the class by itself. */
function needsClass(pipe: unknown): boolean {
  if (pipe === ValidationPipe) return true;
  const { expectedType } = (pipe ?? {}) as { expectedType?: unknown };
  return pipe instanceof ValidationPipe && pipe.constructor === ValidationPipe && expectedType === undefined;
}
