import type { SignalKey } from '../signal/signing-secrets.js';

/** Decides whether a URL may be signalled. */
export interface TargetAdmission {
  /** Answers with the URL as it is to be stored; rejects with a typed refusal that says what is wrong with it. */
  admit(url: string): Promise<{ url: string }>;
}

/** Injection token of the `TargetAdmission`. */
export const TARGET_ADMISSION = Symbol('TARGET_ADMISSION');

/** The installation's own Ed25519 keys, for the signature schemes that ask for them. */
export interface SignalKeys {
  /** Those that sign now. */
  signing(): Promise<readonly SignalKey[]>;
  /** Those that a receiver should know, soon to sign and lately used included: `whpk_…`. */
  publicKeys(): Promise<string[]>;
}

/** Injection token of the `SignalKeys`. */
export const SIGNAL_KEYS = Symbol('SIGNAL_KEYS');

/** Makes the dispatcher look at what is due; called after the commit. */
export type DispatchWake = () => void;

/** Injection token of the `DispatchWake`. */
export const DISPATCH_WAKE = Symbol('DISPATCH_WAKE');
