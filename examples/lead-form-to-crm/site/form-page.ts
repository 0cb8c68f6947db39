import { escaped, page } from '../html.js';
import type { FieldName, FormErrors, LeadForm } from './lead-form.js';

interface Field {
  name: FieldName;
  label: string;
  optional?: boolean;
  /** Of an input; a textarea has none. */
  type?: 'text' | 'email';
  autocomplete?: string;
}

const FIELDS: readonly Field[] = [
  { name: 'name', label: 'Name', type: 'text', autocomplete: 'name' },
  { name: 'email', label: 'E-mail', type: 'email', autocomplete: 'email' },
  { name: 'company', label: 'Company', type: 'text', autocomplete: 'organization', optional: true },
  { name: 'message', label: 'What can we do for you?' },
];

/** The form, with what was typed and what is wrong with it. */
export function formPage(form?: LeadForm, errors: FormErrors = {}): string {
  const fields = FIELDS.map((field) => fieldHtml(field, text(form?.[field.name]), errors[field.name])).join('\n');
  return page(
    'Talk to us',
    `<main class="narrow">
<h1>Talk to us</h1>
<p class="lead">Tell us what you have in mind. A person answers within a working day.</p>
<form class="card" method="post" action="/leads" novalidate>
${fields}
<button type="submit">Send</button>
</form>
</main>`,
  );
}

export function thanksPage(): string {
  return page(
    'Thank you',
    `<main class="narrow">
<div class="card" role="status">
<h1>Thank you</h1>
<p class="lead">Your message has arrived. We will be in touch.</p>
<a class="button" href="/">Send another</a>
</div>
</main>`,
  );
}

function fieldHtml({ name, label, optional, type, autocomplete }: Field, value: string, error?: string): string {
  const state = [
    optional ? '' : 'required',
    error === undefined ? '' : `aria-invalid="true" aria-describedby="${name}-error"`,
    autocomplete === undefined ? '' : `autocomplete="${autocomplete}"`,
  ].join(' ');
  const control =
    type === undefined
      ? `<textarea id="${name}" name="${name}" rows="5" ${state}>${escaped(value)}</textarea>`
      : `<input id="${name}" name="${name}" type="${type}" value="${escaped(value)}" ${state}>`;
  const hint = optional ? ' <span>(optional)</span>' : '';
  const message = error === undefined ? '' : `<p class="error" id="${name}-error">${escaped(error)}</p>`;
  return `<div class="field"><label for="${name}">${label}${hint}</label>${control}${message}</div>`;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
