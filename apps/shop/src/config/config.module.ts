import { type DynamicModule, Module } from '@nestjs/common';
import { SHOP_CONFIG, type ShopConfig } from './shop-config.js';

@Module({})
export class ConfigModule {
  static forRoot(config: ShopConfig): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: SHOP_CONFIG, useValue: config }],
      exports: [SHOP_CONFIG],
    };
  }
}
