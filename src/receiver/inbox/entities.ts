import { EndpointRegistrationEntity } from '../register/endpoint-registration.entity.js';
import { InboxEntity } from './inbox.entity.js';

/** Entities of the receiver's tables. Of the inbox only for reading: the hot SQL is in the stores. */
export const RECEIVER_ENTITIES = [InboxEntity, EndpointRegistrationEntity];
