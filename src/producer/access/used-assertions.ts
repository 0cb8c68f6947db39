import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { In, LessThanOrEqual, QueryFailedError, type DataSource } from 'typeorm';
import type { CredentialId } from '../../protocol/ids.js';
import { SIGNPOST_DATA_SOURCE } from '../signpost-options.js';
import { UsedAssertionEntity } from './used-assertion.entity.js';

/** Which assertions were used (RFC 7523, section 3: `jti`), in the database, so that one that was overheard is of no use on another node. */
@Injectable()
export class UsedAssertions {
  constructor(@Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource) {}

  /** True the first time. The table's key decides between two that come at once. `expiresAt`: Unix ms. */
  async use(credentialId: CredentialId, jti: string, expiresAt: number): Promise<boolean> {
    const { manager } = this.dataSource;
    const used = { credentialId, jtiHash: hash('sha256', jti, 'base64url') };
    try {
      await manager.insert(UsedAssertionEntity, { ...used, expiresAt });
      return true;
    } catch (error) {
      if (error instanceof QueryFailedError && (await manager.existsBy(UsedAssertionEntity, used))) return false;
      throw error;
    }
  }

  /** Removes those that expired before `before` (Unix ms), `limit` at most; answers how many. */
  async prune(before: number, limit: number): Promise<number> {
    const { manager } = this.dataSource;
    const old = await manager.find(UsedAssertionEntity, {
      where: { expiresAt: LessThanOrEqual(before) },
      order: { expiresAt: 'ASC' },
      take: limit,
    });
    const byCredential = new Map<CredentialId, string[]>();
    for (const { credentialId, jtiHash } of old) {
      byCredential.set(credentialId, [...(byCredential.get(credentialId) ?? []), jtiHash]);
    }
    for (const [credentialId, hashes] of byCredential) {
      await manager.delete(UsedAssertionEntity, { credentialId, jtiHash: In(hashes) });
    }
    return old.length;
  }
}
