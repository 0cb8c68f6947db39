import type { Provider, Type } from '@nestjs/common';
import { DispatchStats } from '../dispatch/dispatch-stats.js';
import { EndpointStandings } from '../subscriptions/endpoint-standing.js';
import { AuditController } from './audit.controller.js';
import { CredentialsController } from './credentials.controller.js';
import { EndpointActionsController } from './endpoint-actions.controller.js';
import { EndpointsController } from './endpoints.controller.js';
import { ErasuresController } from './erasures.controller.js';
import { EventTypesController } from './event-types.controller.js';
import { EventsController } from './events.controller.js';
import { KeysController } from './keys.controller.js';
import { PublishController } from './publish.controller.js';
import { ReceiverEndpointsController } from './receiver-endpoints.controller.js';
import { ReceiversController } from './receivers.controller.js';
import { SigningKeysController } from './signing-keys.controller.js';
import { StatsController } from './stats.controller.js';

/** In the order of the document. */
export const ADMIN_API_CONTROLLERS: Type[] = [
  PublishController,
  EventsController,
  ErasuresController,
  ReceiversController,
  CredentialsController,
  ReceiverEndpointsController,
  EndpointsController,
  EndpointActionsController,
  EventTypesController,
  KeysController,
  SigningKeysController,
  StatsController,
  AuditController,
];

/** What the controllers need beside the services of the steps. */
export const ADMIN_API_PROVIDERS: Provider[] = [EndpointStandings, DispatchStats];
