import type { Provider, Type } from '@nestjs/common';
import { ClientAuthentication } from './client-authentication.js';
import { JwksController } from './jwks.controller.js';
import { TokenController } from './token.controller.js';

/** In the order of the document. */
export const OAUTH_CONTROLLERS: Type[] = [TokenController, JwksController];

/** What the controllers need beside the services of the steps. */
export const OAUTH_PROVIDERS: Provider[] = [ClientAuthentication];
