import { IsSku } from './is-sku.js';

/** What stands in the path of `GET /stock/:sku`. */
export class SkuParams {
  @IsSku()
  sku: string;
}
