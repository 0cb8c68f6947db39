/** This package's version; `npm test` fails when it differs from package.json's. */
export const SIGNPOST_VERSION = '0.1.0';
