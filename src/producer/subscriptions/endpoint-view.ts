import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { ConfirmMode, EndpointReason, EndpointState, SignatureScheme } from './endpoint-settings.js';
import type { EndpointEntity } from './endpoint.entity.js';
import { isoTime } from './listing.js';

/** An endpoint as the APIs show it. Times are ISO 8601. */
export interface EndpointView {
  id: EndpointId;
  receiver: ReceiverId;
  tenant: string;
  /** With what may be a token in it masked. */
  url: string;
  eventTypes: string[];
  description: string | null;
  maxEventsPerSignal: number;
  /** Shortest time between two signals, in ms. */
  minInterval: number;
  confirm: ConfirmMode;
  signature: SignatureScheme;
  state: EndpointState;
  reason: EndpointReason | null;
  createdAt: string;
  updatedAt: string;
}

/** The signing secret, on creation and rotation only. */
export type EndpointViewWithSecret = EndpointView & { secret: string };

export function endpointView(endpoint: EndpointEntity): EndpointView {
  return {
    id: endpoint.id,
    receiver: endpoint.receiverId,
    tenant: endpoint.tenant,
    url: endpoint.urlShown,
    eventTypes: endpoint.eventTypes,
    description: endpoint.description,
    maxEventsPerSignal: endpoint.maxEventsPerSignal,
    minInterval: endpoint.minIntervalMs,
    confirm: endpoint.confirm,
    signature: endpoint.signature,
    state: endpoint.state,
    reason: endpoint.reason,
    createdAt: isoTime(endpoint.createdAt),
    updatedAt: isoTime(endpoint.updatedAt),
  };
}
