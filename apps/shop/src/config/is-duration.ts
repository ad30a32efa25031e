import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { type Duration, parseDuration } from 'nestjs-reliable-mq';

/** A length of time as the library reads it, such as `15m`. A bare number is milliseconds, though variables are always text. */
export function IsDuration(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => (/^\d+$/.test(value as string) ? Number(value) : (value as Duration))),
    ValidateBy({
      name: 'isDuration',
      validator: {
        validate: (value) => problemOf(value as Duration) === null,
        defaultMessage: (argument) => `${argument!.property}: ${problemOf(argument!.value as Duration)}`,
      },
    }),
  );
}

function problemOf(value: Duration): string | null {
  try {
    parseDuration(value);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
