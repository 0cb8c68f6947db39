/** One text for each secret thing; each is found by itself. */

export const PAYLOAD = 'canary0payload0d41c';
export const SENSITIVE = 'canary0sensitive0e07';
export const REFUSED_PAYLOAD = 'canary0refused0payload0a93';
export const LIVE = 'canary0live0view05b2f';
export const SUBJECT = 'canary0subject0f61e';
export const IDEMPOTENCY = 'canary0idempotency0c2d';
export const IN_PATH = 'canary0in0path0b77a01';
export const IN_QUERY = 'canary0in0query0e12b02';
export const IN_REFUSED_URL = 'canary0in0refused0url0c03';
export const USER = 'canary0user0a8d2';
export const PASSWORD = 'canary0password071fe';
export const BEARER = 'canary0bearer0c55d';
export const HEADER = 'canary0header0value0e3a';
/** A name of a member, which is told to who sent it, as what is wrong. */
export const MEMBER = 'canary0member0name0f4';
export const ANSWERED = 'canary0answered0b6c';
export const NEVER_RIGHT = 'canary0wrong0credential0d9';
export const OLD_MASTER = Buffer.from('canary0master0key0the0former0one').toString('base64');
export const NEW_MASTER = Buffer.from('canary0master0key0the0newer00one').toString('base64');
