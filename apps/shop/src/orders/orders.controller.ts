import { Body, Controller, Get, HttpCode, NotFoundException, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { NewOrder } from './new-order.dto.js';
import type { Order } from './order.entity.js';
import { OrdersService } from './orders.service.js';

/** What no order can have as its id is an order that does not exist, and no question for the database. */
const OrderId = new ParseUUIDPipe({ exceptionFactory: () => new NotFoundException('There is no order of this id') });

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  place(@Body() order: NewOrder): Promise<Order> {
    return this.orders.place(order);
  }

  @Get(':id')
  find(@Param('id', OrderId) id: string): Promise<Order> {
    return this.orders.find(id);
  }

  @Post(':id/pay')
  @HttpCode(200)
  pay(@Param('id', OrderId) id: string): Promise<Order> {
    return this.orders.pay(id);
  }
}
