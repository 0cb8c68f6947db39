import { readFile } from 'node:fs/promises';
import { memberText } from '../../examples/plain-node-receiver/raw-json.js';

/**
 * @typedef {object} Comparison
 * @property {number} identical payloads that the receiver has, byte for byte as they were published
 * @property {string[]} lost ids that were published and are not there
 * @property {string[]} different ids whose payload or type is not what was published
 * @property {string[]} invented ids that are there and were never published
 * @property {string[]} twice ids that were stored more than once
 * @property {number} bytes payload bytes compared
 */

/**
 * Compares what the receiver stored with what was published.
 * @param {string} journalFile
 * @param {Map<string, import('./payloads.js').Payload>} published by event id
 * @returns {Promise<Comparison>}
 */
export async function compare(journalFile, published) {
  const result = { identical: 0, lost: [], different: [], invented: [], twice: [], bytes: 0 };
  const seen = new Set();
  for (const { id, type, text } of await readJournal(journalFile)) {
    const source = published.get(id);
    if (seen.has(id)) result.twice.push(id);
    seen.add(id);
    if (!source) result.invented.push(id);
    else if (type === source.type && sameBytes(memberText(text, 'data'), source.text)) {
      result.identical += 1;
      result.bytes += Buffer.byteLength(source.text);
    } else result.different.push(id);
  }
  result.lost = [...published.keys()].filter((id) => !seen.has(id));
  return result;
}

async function readJournal(file) {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.filter((line) => line.startsWith('{"id":')).map((line) => JSON.parse(line));
}

function sameBytes(received, sent) {
  return received !== undefined && Buffer.from(received).equals(Buffer.from(sent));
}
