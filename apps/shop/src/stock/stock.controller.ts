import { Controller, Get, Param } from '@nestjs/common';
import type { StockItem } from './stock-item.entity.js';
import { SkuPipe } from './sku.pipe.js';
import { StockService } from './stock.service.js';

@Controller('stock')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Get(':sku')
  find(@Param('sku', SkuPipe) sku: string): Promise<StockItem> {
    return this.stock.find(sku);
  }
}
