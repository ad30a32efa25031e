export interface StartedService<Addresses> {
  /** Where it is: plain data, which goes from process to process. */
  readonly addresses: Addresses;
  stop(): Promise<void>;
}

export function offerService<Addresses>(start: () => Promise<StartedService<Addresses>>): Promise<{
  /** For {@link askForService}. */
  readonly url: string;
  stop(): Promise<void>;
}>;
export function askForService<Addresses>(url: string): Promise<Addresses>;
