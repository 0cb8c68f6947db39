// Signals to send to a route under test.
export { signTestSignal, type TestSignal, type TestSignalContent, type TestSignalOptions } from './test-signal.js';

// A producer to read from.
export { FakeProducer, type FakeProducerOptions, type SeenRequest } from './fake-producer.js';
export type { FakeCurrent, FakeEventInput } from './fake-log.js';
export type { FakeEndpoint, SentSignal } from './fake-signals.js';
export { FeedFaults, SignalFaults } from './fake-faults.js';

// Time.
export { ManualClock } from './manual-clock.js';

// What every implementation of the inbox keeps.
export { inboxStoreCases, type InboxStoreCase, type InboxStoreSetting } from './inbox-store-cases.js';
