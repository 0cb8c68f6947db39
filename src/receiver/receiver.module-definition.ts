import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SignpostReceiverOptions } from './receiver-options.js';

/** What stands where the module is imported, beside `useFactory`, because it decides which parts there are. */
export interface SignpostReceiverStructure {
  /** Tells several producers apart, in the inbox and for handlers. Default `default`. */
  name?: string | undefined;
  /** Path of the route that takes this producer's signals; `false`: none, the feed is read on the timer only. Default `signals`. */
  path?: string | false | undefined;
  /** Name of the TypeORM DataSource that the inbox lives in. Default: the unnamed one. */
  dataSource?: string | undefined;
  /** Put on the route's controller, such as the `@Public()` that keeps the application's own guard away from it. */
  routeDecorators?: readonly ClassDecorator[] | undefined;
}

export type ResolvedStructure = Required<Pick<SignpostReceiverStructure, 'path'>> & { name: string };

/** Injection token of the `ResolvedStructure`. */
export const RECEIVER_STRUCTURE = Symbol('RECEIVER_STRUCTURE');

const ABSENT: SignpostReceiverStructure = {
  name: undefined,
  path: undefined,
  dataSource: undefined,
  routeDecorators: undefined,
};

export const DEFAULT_NAME = 'default';
export const DEFAULT_PATH = 'signals';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SignpostReceiverOptions>({ moduleName: 'SignpostReceiver' })
    .setClassMethodName('forRoot')
    .setExtras<SignpostReceiverStructure>(ABSENT, (definition, { name = DEFAULT_NAME, path = DEFAULT_PATH }) => ({
      ...definition,
      providers: [
        ...(definition.providers ?? []),
        { provide: RECEIVER_STRUCTURE, useValue: { name, path } satisfies ResolvedStructure },
      ],
    }))
    .build();
