import type { Provider, Type } from '@nestjs/common';
import { EndpointAccess } from './endpoint-access.js';
import { OwnEndpointActionsController } from './own-endpoint-actions.controller.js';
import { OwnEndpointController } from './own-endpoint.controller.js';
import { OwnEndpointsController } from './own-endpoints.controller.js';

/** Part of the fetch API: what receivers do with their endpoints themselves. In the order of the document. */
export const OWN_ENDPOINT_CONTROLLERS: Type[] = [
  OwnEndpointsController,
  OwnEndpointController,
  OwnEndpointActionsController,
];

export const OWN_ENDPOINT_PROVIDERS: Provider[] = [EndpointAccess];
