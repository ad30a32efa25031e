import { IsInt, IsPositive, IsString, IsUUID } from 'class-validator';

export class OrderCreated {
  @IsUUID() id!: string;
  @IsString() sku!: string;
  @IsInt() @IsPositive() quantity!: number;
}
