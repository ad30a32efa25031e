import { BadRequestException, type PipeTransform } from '@nestjs/common';
import { skuProblem } from './sku.js';

/** A sku in a path. */
export class SkuPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    const problem = skuProblem(value);
    if (problem) throw new BadRequestException(problem);
    return value;
  }
}
