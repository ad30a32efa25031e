import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { MqAdminService, type MqHealth } from 'nestjs-reliable-mq';

@Controller('health')
export class HealthController {
  constructor(private readonly mq: MqAdminService) {}

  /**
   * 200 as long as this process can do its work. `degraded` is one of those: while the broker is down, orders are taken and their
   * messages wait, and restarting the process would not help. 503 and the reasons when it cannot.
   */
  @Get()
  async health(): Promise<Pick<MqHealth, 'status'> & Partial<MqHealth>> {
    const { status, reasons } = await this.mq.health();
    if (status === 'down') throw new ServiceUnavailableException({ status, reasons });
    return status === 'up' ? { status } : { status, reasons };
  }
}
