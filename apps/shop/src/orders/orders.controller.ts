import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { type NewOrder, NewOrderPipe } from './new-order.pipe.js';
import { OrderIdPipe } from './order-id.pipe.js';
import type { Order } from './order.entity.js';
import { OrdersService } from './orders.service.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  place(@Body(NewOrderPipe) order: NewOrder): Promise<Order> {
    return this.orders.place(order);
  }

  @Get(':id')
  find(@Param('id', OrderIdPipe) id: string): Promise<Order> {
    return this.orders.find(id);
  }

  @Post(':id/pay')
  @HttpCode(200)
  pay(@Param('id', OrderIdPipe) id: string): Promise<Order> {
    return this.orders.pay(id);
  }
}
