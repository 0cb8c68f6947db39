import { AdminKeyEntity } from './access/admin-key.entity.js';
import { CredentialEntity } from './access/credential.entity.js';
import { SigningKeyEntity } from './access/signing-key.entity.js';
import { UsedAssertionEntity } from './access/used-assertion.entity.js';
import { EndpointFilterEntity } from './subscriptions/endpoint-filter.entity.js';
import { EndpointSecretEntity } from './subscriptions/endpoint-secret.entity.js';
import { EndpointEntity } from './subscriptions/endpoint.entity.js';
import { EventTypeEntity } from './subscriptions/event-type.entity.js';
import { ReceiverEntity } from './subscriptions/receiver.entity.js';

/** Entities of the tables that are written seldom. The hot tables have none: their SQL is in the stores. */
export const SIGNPOST_ENTITIES = [
  ReceiverEntity,
  EndpointEntity,
  EndpointFilterEntity,
  EndpointSecretEntity,
  EventTypeEntity,
  CredentialEntity,
  AdminKeyEntity,
  SigningKeyEntity,
  UsedAssertionEntity,
];
