import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser that is installed, if one is; `CHROMIUM_PATH` names another. */
export const BROWSER_PATH = CANDIDATES.find((path) => path !== undefined && existsSync(path));

/** Where a browser is promised (`.ci/run`), its absence is a failure; elsewhere its tests are left out, and say so. */
export const BROWSER_REQUIRED = process.env['SIGNPOST_REQUIRE_BROWSER'] === '1';

export async function openBrowser(): Promise<Browser> {
  if (BROWSER_PATH === undefined) throw new Error('No Chromium is installed; set CHROMIUM_PATH');
  return chromium.launch({
    executablePath: BROWSER_PATH,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
