import { escaped, page } from '../html.js';
import type { Contact } from './contact.entity.js';

/** The page; its rows come over the stream, at once and after each change. */
export function contactsPage(contacts: readonly Contact[]): string {
  return page(
    'Contacts',
    `<main>
<div class="bar"><h1>Contacts</h1><span class="state" id="state" role="status">Connecting</span></div>
<div class="card table"><table>
<thead><tr><th scope="col">Contact</th><th scope="col">Company</th><th scope="col">Last message</th><th scope="col">Enquiries</th><th scope="col">Last heard of</th></tr></thead>
<tbody id="contacts">${contactRows(contacts)}</tbody>
</table></div>
</main>`,
    '<script type="module" src="/live.js"></script>',
  );
}

export function contactRows(contacts: readonly Contact[]): string {
  if (contacts.length === 0) return '<tr><td colspan="5" class="empty">Nobody has written yet.</td></tr>';
  return contacts.map(contactRow).join('');
}

function contactRow({ name, email, company, lastMessage, enquiries, lastAt }: Contact): string {
  const when = `${lastAt.slice(0, 10)} ${lastAt.slice(11, 16)} UTC`;
  return (
    `<tr data-email="${escaped(email)}"><td>${escaped(name)}<small>${escaped(email)}</small></td><td>${escaped(company ?? '')}</td>` +
    `<td>${escaped(lastMessage)}</td><td class="number">${enquiries}</td><td><time datetime="${escaped(lastAt)}">${when}</time></td></tr>`
  );
}

/** The browser connects again by itself when the CRM was away, and is then given everything anew. */
export const LIVE_SCRIPT = `const state = document.getElementById('state');
const show = (text, live) => { state.textContent = text; state.dataset.live = live ? 'yes' : 'no'; };
const connect = () => {
  const stream = new EventSource('/contacts/stream');
  stream.onopen = () => show('Live', true);
  stream.onmessage = ({ data }) => { document.getElementById('contacts').innerHTML = JSON.parse(data).rows; };
  stream.onerror = () => {
    show('Connecting again', false);
    // A browser gives up for good after some errors; this does not.
    stream.close();
    setTimeout(connect, 1000);
  };
};
connect();
`;
