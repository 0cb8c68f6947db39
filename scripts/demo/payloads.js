import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { itemTexts, memberText } from '../../examples/plain-node-receiver/raw-json.js';

/**
 * @typedef {object} Payload
 * @property {string} key unique, and the same in every run: the idempotency key
 * @property {string} type event type
 * @property {string} subject which edition of GitHub it is from
 * @property {string} text the payload, byte for byte as it stands in the package's file: white space, escapes and all
 */

/**
 * Every example payload of `@octokit/webhooks-examples`, of github.com and of all editions of GitHub Enterprise Server.
 * @returns {Payload[]}
 */
export function readPayloads() {
  const root = dirname(createRequire(import.meta.url).resolve('@octokit/webhooks-examples/package.json'));
  const editions = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return editions.flatMap(({ name }) => readEdition(name, readFileSync(join(root, name, 'index.json'), 'utf8')));
}

/** @param {string} edition @param {string} file @returns {Payload[]} */
function readEdition(edition, file) {
  return itemTexts(file).flatMap((webhook) => {
    const { name } = JSON.parse(webhook);
    return itemTexts(memberText(webhook, 'examples') ?? '[]').map((text, index) => ({
      key: `${edition}/${name}/${index}`,
      type: eventType('github', name, JSON.parse(text).action),
      subject: edition,
      text,
    }));
  });
}

/** Event types are identifiers of `[a-zA-Z0-9_]` joined by full stops; some of GitHub's actions have other characters. */
function eventType(...words) {
  const identifiers = words.filter((word) => typeof word === 'string' && word !== '');
  return identifiers.map((word) => word.replaceAll(/[^a-zA-Z0-9_]/g, '_')).join('.');
}
