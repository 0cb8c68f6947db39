/** Decides whether a URL may be signalled. */
export interface TargetAdmission {
  /** Answers with the URL as it is to be stored; rejects with a typed refusal that says what is wrong with it. */
  admit(url: string): Promise<{ url: string }>;
}

/** Injection token of the `TargetAdmission`. */
export const TARGET_ADMISSION = Symbol('TARGET_ADMISSION');

/** Makes the dispatcher look at what is due; called after the commit. */
export type DispatchWake = () => void;

/** Injection token of the `DispatchWake`. */
export const DISPATCH_WAKE = Symbol('DISPATCH_WAKE');
