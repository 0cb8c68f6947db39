/** What API keys and signing secrets begin with. */
const SECRET = /^(s[ap]|whsec|whsk)_/;

/** Whether a text may be a key or a secret that somebody pasted into the wrong place: it could pass for an event type. */
export function looksSecret(text: string): boolean {
  return SECRET.test(text);
}
