import { InboxEntity } from './inbox.entity.js';

/** Entities of the receiver's tables. Only for reading: the hot SQL is in the stores. */
export const RECEIVER_ENTITIES = [InboxEntity];
