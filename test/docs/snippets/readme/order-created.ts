export interface OrderCreated {
  id: string;
  sku: string;
  quantity: number;
}
