import { Controller, Get, Param, ParseUUIDPipe } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Notification } from './notification.entity.js';

@Controller('notifications')
export class NotificationsController {
  constructor(@InjectRepository(Notification) private readonly notifications: Repository<Notification>) {}

  /** Empty for an order that nobody was told about, also for one that does not exist: orders are another module's affair. */
  @Get(':orderId')
  find(@Param('orderId', ParseUUIDPipe) orderId: string): Promise<Notification[]> {
    return this.notifications.findBy({ orderId });
  }
}
