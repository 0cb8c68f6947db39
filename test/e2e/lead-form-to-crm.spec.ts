import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { BROWSER_PATH, BROWSER_REQUIRED, openBrowser } from '../support/browser.js';
import { LeadFormExample, type RunningApp } from '../support/lead-form.js';
import { until } from '../support/until.js';

let example: LeadFormExample;
beforeEach(async () => {
  example = await LeadFormExample.create();
});
afterEach(() => example.close());

const send = (fields: Record<string, string>, site: string): Promise<Response> =>
  fetch(`${site}/leads`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });

const contacts = async (crm: string): Promise<string> => (await fetch(crm)).text();

const ada = { name: 'Ada <Lovelace>', email: 'Ada@example.com', company: 'Engines', message: 'Hello "you"' };

describe('the one command', () => {
  it('starts both, says where they are, and ends both', async () => {
    const both = example.startBoth();
    const started = () => both.output().includes(both.site) && both.output().includes(both.crm);
    await until(started, 'both are started').catch((error: Error) => {
      throw new Error(`${error.message}\n${both.output()}`);
    });
    expect((await send(ada, both.site)).status).toBe(303);
    await until(async () => (await contacts(both.crm)).includes('ada@example.com'), 'the contact');
    expect(await both.terminate()).toBe(0);
    for (const url of [both.site, both.crm]) await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});

let site: RunningApp;
let crm: RunningApp;
async function startEach(): Promise<void> {
  site = await example.startSite();
  crm = await example.startCrm();
}

describe('the lead form and the CRM', () => {
  beforeEach(startEach);

  it('bring a lead from one to the other, and count one for each', async () => {
    expect((await send(ada, site.url)).status).toBe(303);
    await until(async () => (await contacts(crm.url)).includes('ada@example.com'), 'the contact');
    expect(await contacts(crm.url)).toContain('Ada &lt;Lovelace&gt;');
    await crm.kill();
    for (const message of ['Again', 'And again']) expect((await send({ ...ada, message }, site.url)).status).toBe(303);
    crm = await example.startCrm();
    await until(async () => (await contacts(crm.url)).includes('And again'), 'what came while the CRM was away');
    expect(await contacts(crm.url)).toContain('<td class="number">3</td>');
  });

  it('keep what was typed when something is missing, and store nothing', async () => {
    const answer = await send({ name: 'Ada', email: 'nonsense', message: '' }, site.url);
    const html = await answer.text();
    expect(answer.status).toBe(422);
    expect(html).toContain('value="Ada"');
    expect(html).toContain('aria-describedby="email-error"');
    expect(html).toContain('Please write a few words.');
    expect(html).not.toContain('id="name-error"');
    expect(await contacts(crm.url)).toContain('Nobody has written yet.');
  });
});

if (BROWSER_PATH === undefined && !BROWSER_REQUIRED) {
  process.stderr.write('No Chromium is installed: the browser test of examples/lead-form-to-crm is left out.\n');
}

// Where a browser is promised and is not there, this fails.
(BROWSER_PATH !== undefined || BROWSER_REQUIRED ? describe : describe.skip)('in a browser', () => {
  beforeEach(startEach);
  let browser: Browser | undefined;
  afterEach(() => browser?.close());

  async function fillIn(page: Page, name: string): Promise<void> {
    await page.goto(site.url);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('E-mail').fill(`${name.toLowerCase()}@example.com`);
    await page.getByLabel('What can we do for you?').fill(`This is ${name}.`);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  }

  it('a contact appears without a reload, also what was sent while the CRM was killed', async () => {
    browser = await openBrowser();
    const form = await browser.newPage();
    const list = await browser.newPage();
    await list.goto(crm.url);
    await list.getByText('Nobody has written yet.').waitFor();
    // Gone if the page is loaded anew.
    await list.evaluate('window.sameDocument = true');

    await fillIn(form, 'Ada');
    await list.getByText('ada@example.com').waitFor();

    await crm.kill();
    for (const name of ['Grace', 'Katherine', 'Dorothy']) await fillIn(form, name);
    crm = await example.startCrm();
    for (const name of ['grace', 'katherine', 'dorothy']) await list.getByText(`${name}@example.com`).waitFor();

    expect(await list.locator('tbody tr').count()).toBe(4);
    expect(await list.locator('td.number').allTextContents()).toEqual(['1', '1', '1', '1']);
    expect(await list.evaluate('window.sameDocument')).toBe(true);
  }, 60_000);
});
