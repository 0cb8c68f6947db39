import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DispatchOptions, FetchApiOptions, SignpostOptions } from './signpost-options.js';

/**
 * What stands where the module is imported, beside `useFactory`, because it decides which parts there are. A part that is
 * `false` is left out of this process.
 */
export interface SignpostStructure {
  /** Name of the TypeORM DataSource that the tables live in. Default: the unnamed one. */
  dataSource?: string | undefined;
  dispatch?: DispatchOptions | false | undefined;
  fetchApi?: FetchApiOptions | false | undefined;
  adminApi?: false | undefined;
}

/** Injection token of the `SignpostStructure`. */
export const SIGNPOST_STRUCTURE = Symbol('SIGNPOST_STRUCTURE');

const ABSENT: SignpostStructure = {
  dataSource: undefined,
  dispatch: undefined,
  fetchApi: undefined,
  adminApi: undefined,
};

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<Omit<SignpostOptions, 'dispatch' | 'fetchApi'>>({ moduleName: 'Signpost' })
    .setClassMethodName('forRoot')
    .setExtras<SignpostStructure>(ABSENT, (definition, { dataSource, dispatch, fetchApi, adminApi }) => ({
      ...definition,
      providers: [
        ...(definition.providers ?? []),
        { provide: SIGNPOST_STRUCTURE, useValue: { dataSource, dispatch, fetchApi, adminApi } },
      ],
    }))
    .build();
