import type { DataSource } from 'typeorm';
import { auditedCommand } from './access/command-change.js';
import { SealedValues, type ResealSummary } from './subscriptions/sealed-values.js';
import { Sealer } from './subscriptions/sealing.js';

/** Both in base64, as the module is given them. */
export interface MasterKeys {
  /** The new one: everything is sealed under it in the end. */
  masterKey: string;
  /** Those that values are sealed under now. */
  previousMasterKeys: readonly string[];
}

/**
 * Seals everything in a database anew, under the new master key. Safe beside nodes that run, provided that all of them open both; safe to be broken off
 * and begun again. Leaves a row in the audit of changes, by the actor `cli`. The tables must be there.
 *
 * @throws MasterKeyError
 */
export async function rotateMasterKey(
  dataSource: DataSource,
  { masterKey, previousMasterKeys }: MasterKeys,
): Promise<ResealSummary> {
  const sealer = new Sealer(masterKey, previousMasterKeys);
  const change = { action: 'master-key.rotate', target: sealer.keyId, countOf: (done: ResealSummary) => done.resealed };
  return auditedCommand(dataSource, change, () => new SealedValues(dataSource).reseal(sealer));
}
