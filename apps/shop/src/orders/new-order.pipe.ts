import { BadRequestException, type PipeTransform } from '@nestjs/common';
import { skuProblem } from '../stock/sku.js';

/** The largest value of the column. */
const MAX_QUANTITY = 2_147_483_647;

/** What a customer asks for. */
export interface NewOrder {
  readonly sku: string;
  readonly quantity: number;
}

/** The body of `POST /orders`. */
export class NewOrderPipe implements PipeTransform<unknown, NewOrder> {
  transform(body: unknown): NewOrder {
    const { sku, quantity } = (body ?? {}) as Record<string, unknown>;
    const problems = [skuProblem(sku), quantityProblem(quantity)].filter((problem) => problem !== null);
    if (problems.length > 0) throw new BadRequestException(problems.join('; '));
    return { sku: sku as string, quantity: quantity as number };
  }
}

function quantityProblem(value: unknown): string | null {
  const fits = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_QUANTITY;
  return fits ? null : `quantity must be a whole number from 1 to ${MAX_QUANTITY}`;
}
