import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignpostModule } from 'nestjs-signpost';
import { FACEBOOK_SETTINGS, FacebookController } from './facebook/facebook.controller.js';
import { GITHUB_SECRETS, GithubController } from './github/github.controller.js';
import type { BridgeSettings } from './settings.js';

/** Deliveries of others come in, signals and the fetch API go out. The route of a source without secrets does not exist. */
@Module({})
export class BridgeModule {
  static with({ database, masterKey, publicUrl, allowTargets, github, facebook }: BridgeSettings): DynamicModule {
    return {
      module: BridgeModule,
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database, autoLoadEntities: true, retryAttempts: 0 }),
        SignpostModule.forRoot({ masterKey, publicUrl, targets: { allow: allowTargets } }),
      ],
      controllers: [...(github ? [GithubController] : []), ...(facebook ? [FacebookController] : [])],
      providers: [
        { provide: GITHUB_SECRETS, useValue: github?.secrets ?? [] },
        { provide: FACEBOOK_SETTINGS, useValue: facebook ?? {} },
      ],
    };
  }
}
