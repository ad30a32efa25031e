import { IsInt, Max, Min } from 'class-validator';
import { IsSku } from '../stock/is-sku.js';

/** The body of `POST /orders`: what a customer asks for. */
export class NewOrder {
  @IsSku()
  sku: string;

  /** At most what the column holds. */
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  quantity: number;
}
