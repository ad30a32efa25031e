import { Matches } from 'class-validator';

/**
 * As many characters as the columns hold; neither control characters nor halves of a surrogate pair, which cannot be stored;
 * no blanks at the ends, which would count in one database and not in the other.
 */
const SKU = /^(?!\s)[^\p{Cc}\p{Cs}]{1,64}(?<!\s)$/u;

export function IsSku(): PropertyDecorator {
  return Matches(SKU, {
    message:
      '$property must be a text of 1 to 64 characters, without control characters and without blanks at its ends',
  });
}
