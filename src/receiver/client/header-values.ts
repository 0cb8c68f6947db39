import type { SignatureHeaders } from '../../protocol/signature-headers.js';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** All values of a header of a request, apart where its source keeps them apart. `name` in lower case. */
export function headerValues(headers: SignatureHeaders, name: string): readonly string[] {
  const { headersDistinct, get } = headers as { headersDistinct?: unknown; get?: unknown };
  if (typeof headersDistinct === 'object' && headersDistinct !== null) {
    return list((headersDistinct as Headers)[name]);
  }
  if (typeof get === 'function') return list((headers as { get(name: string): string | null }).get(name) ?? undefined);
  return Object.entries(headers as Headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => list(value));
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
