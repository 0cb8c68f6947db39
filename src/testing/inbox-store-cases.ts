import { inboxClaimCases } from './inbox-claim-cases.js';
import { inboxDecisionCases } from './inbox-decision-cases.js';
import { inboxLaneCases } from './inbox-lane-cases.js';
import { inboxPageCases } from './inbox-page-cases.js';
import type { InboxStoreCase } from './inbox-store-setting.js';

export type { InboxStoreCase, InboxStoreSetting } from './inbox-store-setting.js';

/** What every implementation of `InboxStore` keeps, for any test runner: run each with a setting of its own. */
export const inboxStoreCases: readonly InboxStoreCase[] = [
  ...inboxPageCases,
  ...inboxClaimCases,
  ...inboxLaneCases,
  ...inboxDecisionCases,
];
