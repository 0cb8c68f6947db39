import type { ErasureId } from '../../protocol/ids.js';

/** What is to be erased: the payloads of one subject's events. */
export interface NewErasure {
  id: ErasureId;
  tenant: string;
  subject: string;
  /** Unix ms. */
  acceptedAt: number;
}

/** How far an erasure has come. Times are Unix ms. */
export interface ErasureState {
  /** Payloads that it has erased. */
  events: number;
  acceptedAt: number;
  /** Null: it is not finished. */
  doneAt: number | null;
}

/** Erasures and what they do to the log. One implementation for each database; all must pass `erasureStoreContract` unchanged. */
export interface ErasureStore {
  /**
   * Writes down that the subject's events are to be erased: all that are committed now, whether they have their positions or not. From
   * then on it will be finished, whatever becomes of this process.
   */
  accept(erasure: NewErasure): Promise<void>;

  /**
   * Erases the next payloads, a bounded amount, in one transaction with the note of how far it has come, so that a crash leaves neither a gap nor
   * anything counted twice. Ids, positions and metadata stay; what tells a repeated publish from a different one goes with the payload. True: there
   * may be more. Any number of nodes may work on one erasure.
   */
  eraseSome(id: ErasureId, now: number): Promise<boolean>;

  /** Takes the bytes of what was erased out of the database's files, as far as it can: throws if it cannot now. */
  overwrite(): Promise<void>;

  /** Once nothing is left to erase and to overwrite. The subject is forgotten with it. */
  finish(id: ErasureId, now: number): Promise<void>;

  state(id: ErasureId): Promise<ErasureState | undefined>;

  /** Accepted and not finished, oldest first; 100 at most. */
  unfinished(): Promise<ErasureId[]>;

  /** Another number after each `eraseSome`: copies of payloads that were made under an earlier one may be of erased events. */
  epoch(): Promise<number>;
}
