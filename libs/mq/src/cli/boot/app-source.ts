import type { DynamicModule, Type } from '@nestjs/common';

type RootModule = Type | DynamicModule;

/** The root module of an application, or a function that makes it when a command needs it. */
export type MqCliApp = Type | (() => RootModule | Promise<RootModule>);

/** The root module itself. */
export async function rootModuleOf(app: MqCliApp): Promise<RootModule> {
  return isClass(app) ? app : app();
}

/** Functions are factories unless they were written as a class, or decorated as a module by an old compiler that knew none. */
function isClass(app: MqCliApp): app is Type {
  const decorated = ['imports', 'providers', 'controllers', 'exports'];
  return (
    /^class\b/.test(Function.prototype.toString.call(app)) || decorated.some((key) => Reflect.hasMetadata(key, app))
  );
}
