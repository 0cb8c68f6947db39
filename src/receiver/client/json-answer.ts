/** The media type of an answer, in lower case and without parameters; empty when it has none. */
export function mediaTypeOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const value = headers['content-type'];
  const [type = ''] = (typeof value === 'string' ? value : '').split(';', 1);
  return type.trim().toLowerCase();
}

/** undefined: it is not JSON. The parser's error is not passed on, as its message quotes what it stumbled over: maybe a payload. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
