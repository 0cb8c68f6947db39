import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import { hasEd25519, weaknessOf } from '../../protocol/signature-schemes.js';
import type { EndpointAuth } from '../signal/endpoint-auth.js';
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
  /** `whpk_…`, to verify with where the scheme has a signature by the installation's key. */
  publicKeys?: string[];
  /** With everything secret masked; null: signals authenticate by their signature alone. */
  auth: EndpointAuth | null;
  /** What is weaker than it need be about these settings, in sentences. */
  warnings: string[];
  state: EndpointState;
  reason: EndpointReason | null;
  createdAt: string;
  updatedAt: string;
}

/** The signing secret, on creation and rotation only. */
export type EndpointViewWithSecret = EndpointView & { secret: string };

/** @param publicKeys of the installation; shown where the endpoint's scheme needs them */
export function endpointView(endpoint: EndpointEntity, publicKeys: readonly string[] = []): EndpointView {
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
    ...(hasEd25519(endpoint.signature) ? { publicKeys: [...publicKeys] } : {}),
    auth: endpoint.authShown,
    warnings: endpointWarnings(endpoint),
    state: endpoint.state,
    reason: endpoint.reason,
    createdAt: isoTime(endpoint.createdAt),
    updatedAt: isoTime(endpoint.updatedAt),
  };
}

/** What is weaker than it need be about an endpoint's settings. */
export function endpointWarnings({ signature, authSealed, urlShown }: EndpointEntity): string[] {
  const warnings = [weaknessOf(signature)];
  if (authSealed !== null && urlShown.startsWith('http:')) {
    warnings.push('The auth goes over plain http, where everybody on the way can read it. Use https.');
  }
  return warnings.filter((warning) => warning !== undefined);
}
