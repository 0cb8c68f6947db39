declare module 'x-hub-signature' {
  export default class XHubSignature {
    constructor(algorithm: 'sha1' | 'sha256', secret: string);
    sign(body: string | Buffer): string;
    verify(signature: string, body: string | Buffer): boolean;
  }
}
