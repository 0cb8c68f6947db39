import { HEADER } from './headers.js';
import { SignatureError } from './signature-error.js';

type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Where the headers come from, best first: a Node request (its `headersDistinct` keeps repeated headers apart), a Fetch `Headers`,
 * or a plain record with names in any case.
 */
export type SignatureHeaders =
  { readonly headersDistinct: HeaderRecord } | { get(name: string): string | null } | HeaderRecord;

/** The three headers of a signed request, each present exactly once. */
export interface SignatureHeaderValues {
  id: string;
  timestamp: string;
  signature: string;
}

/** @throws SignatureError `missing_header`, `repeated_header` */
export function readSignatureHeaders(headers: SignatureHeaders): SignatureHeaderValues {
  const valuesOf = headerReader(headers);
  return {
    id: onlyValue(HEADER.webhookId, valuesOf),
    timestamp: onlyValue(HEADER.webhookTimestamp, valuesOf),
    signature: onlyValue(HEADER.webhookSignature, valuesOf),
  };
}

/** All values of a header, apart where its source keeps them apart; the name in lower case. */
export type HeaderReader = (name: string) => readonly string[];

export function headerReader(headers: SignatureHeaders): HeaderReader {
  if (isNodeRequest(headers)) return (name) => list(headers.headersDistinct[name]);
  if (isFetchHeaders(headers)) return (name) => list(headers.get(name) ?? undefined);
  const entries = Object.entries(headers);
  return (name) => entries.filter(([key]) => key.toLowerCase() === name).flatMap(([, value]) => list(value));
}

/** @throws SignatureError `missing_header`, `repeated_header` */
export function onlyValue(name: string, valuesOf: HeaderReader): string {
  const values = valuesOf(name);
  const [value] = values;
  if (value === undefined || value === '') {
    throw new SignatureError(
      'missing_header',
      `The request has no ${name} header; does a proxy in front take it away?`,
    );
  }
  // Node's `headers` and Fetch join what was repeated with a comma and a space; no value of ours has one.
  if (values.length > 1 || value.includes(', ')) {
    throw new SignatureError(
      'repeated_header',
      `The request has more than one ${name} header; which of them was checked would be chance`,
    );
  }
  return value;
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function isNodeRequest(headers: SignatureHeaders): headers is { readonly headersDistinct: HeaderRecord } {
  return typeof headers['headersDistinct' as keyof SignatureHeaders] === 'object';
}

function isFetchHeaders(headers: SignatureHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get' as keyof SignatureHeaders] === 'function';
}
