import { readDocument } from '../../package/documents.js';

/** The rows of a table, by the names of its columns; without the marks of code. */
type Row = Record<string, string>;

const document = readDocument('docs/authorisation.md');

/** The table whose header begins with `first`, under that heading. */
function table(heading: string, first: string): Row[] {
  const section = document.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const lines = section.split('\n');
  const from = lines.findIndex((line) => cells(line)[0] === first);
  if (from < 0) throw new Error(`docs/authorisation.md has no table "${first}" under "${heading}"`);
  const names = cells(lines[from] ?? '');
  const rows = lines.slice(from + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? rows.length : end).map((line) => {
    const values = cells(line);
    return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
  });
}

function cells(line: string): string[] {
  if (!line.startsWith('|')) return [];
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''));
}

const column = (rows: Row[], name: string): string[] => rows.map((row) => row[name] ?? '');

export const ROUTE_ROWS = table('Routes of the fetch API', 'route').map(({ route = '', scope = '', answer }) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, path, scope, answer: Number(answer) };
});
export const ENDPOINT_ROWS = table('Routes of the fetch API', 'endpoint');
export const ACCEPTED_ROWS = table('Credentials that are accepted', 'credential').map((row) => ({
  kind: row.credential ?? '',
  audit: row['in the audit'] ?? '',
}));
export const REFUSED_KINDS = column(table('Credentials that open nothing', 'what is shown'), 'what is shown');
export const EVENT_ROWS = table('Which event is served', 'tenant');
export const FIELD_ROWS = table('Which fields are shown', 'scope of the field');
export const ADMIN_ROWS = table('The admin API', 'shown').map((row) => ({
  shown: row.shown ?? '',
  publishing: row.publishing ?? '',
  others: row['everything else'] ?? '',
}));

/** What makes an event one that is served or not; in the words of the table. */
export interface EventCase {
  tenant: 'own' | 'other';
  "receiver's types": 'yes' | 'no';
  "credential's types": 'yes' | 'no';
  policy: 'yes' | 'no';
  payload: 'live' | 'erased' | 'expired' | 'unknown';
}

/** The status that the first row that fits has. */
export function statusOf(event: EventCase): number {
  const row = EVENT_ROWS.find((each) =>
    Object.entries(event).every(([name, is]) => ['any', is].includes(each[name] ?? '')),
  );
  if (!row) throw new Error(`No row says what becomes of ${JSON.stringify(event)}`);
  return Number(row.answer);
}
