import { createHash, timingSafeEqual } from 'node:crypto';

/** The check of a receiver's key that one writes by hand: one prepared read, one hash, one comparison. */
export function keyCheck(db) {
  const find = db.prepare(`SELECT c.secret_hash AS hash, r.tenant FROM signpost_credential c
    JOIN signpost_receiver r ON r.id = c.receiver_id WHERE c.id = ?`);
  return (authorization) => {
    const key = /^Bearer (sp_([0-9a-z]{26})_\w+)$/.exec(authorization ?? '');
    const row = key && find.get(`key_${key[2]}`);
    if (!row) return undefined;
    const hash = createHash('sha256').update(key[1]).digest();
    return timingSafeEqual(hash, Buffer.from(row.hash, 'hex')) ? row.tenant : undefined;
  };
}
