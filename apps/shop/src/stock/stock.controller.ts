import { Controller, Get, Param } from '@nestjs/common';
import { SkuParams } from './sku-params.dto.js';
import type { StockItem } from './stock-item.entity.js';
import { StockService } from './stock.service.js';

@Controller('stock')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Get(':sku')
  find(@Param() { sku }: SkuParams): Promise<StockItem> {
    return this.stock.find(sku);
  }
}
