import type { EndpointAuth } from '../signal/endpoint-auth.js';
import type { OwnershipDemand } from './endpoint-ownership.js';
import type { EndpointStart } from './endpoint-positions.js';
import type { ConfirmMode, SignatureScheme } from './endpoint-settings.js';

/** What can be changed of an endpoint. The edge has checked the ranges. */
export interface EndpointChange {
  url?: string | undefined;
  /** Patterns of what is signalled. */
  eventTypes?: readonly string[] | undefined;
  description?: string | null | undefined;
  /** 1 to 250. Default 100. */
  maxEventsPerSignal?: number | undefined;
  /** Shortest time between two signals, in ms. Default 0. */
  minIntervalMs?: number | undefined;
  /** Default: the setting of the installation. */
  confirm?: ConfirmMode | undefined;
  /** Default `standard`. */
  signature?: SignatureScheme | undefined;
  /** What the receiver asks its callers for; null: nothing. Default null. */
  auth?: EndpointAuth | null | undefined;
  /** Default: a URL that comes needs no proof, one that is there stays as it is. */
  verify?: OwnershipDemand | undefined;
}

export interface NewEndpoint extends EndpointChange {
  url: string;
  eventTypes: readonly string[];
  /** Default `now`. */
  start?: EndpointStart | undefined;
  /** Refused if the receiver has so many already. Default: any number. */
  limit?: number | undefined;
}
