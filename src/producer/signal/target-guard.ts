export interface TargetGuardOptions {
  allow?: readonly string[];
  allowedPorts?: readonly number[];
}
/** temporary surface */
export class TargetGuard {
  constructor(readonly options: TargetGuardOptions = {}) {}
  admit(raw: string): Promise<{ url: string }> {
    return Promise.resolve({ url: raw });
  }
}
