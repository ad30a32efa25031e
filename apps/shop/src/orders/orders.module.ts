import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StockModule } from '../stock/stock.module.js';
import { CancelUnpaid } from './cancel-unpaid.js';
import { Order } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { ReserveStock } from './reserve-stock.js';

@Module({
  imports: [TypeOrmModule.forFeature([Order]), StockModule],
  controllers: [OrdersController],
  providers: [OrdersService, ReserveStock, CancelUnpaid],
})
export class OrdersModule {}
