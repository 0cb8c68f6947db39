const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stands as itself in HTML, inside quotes as well. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

/** Scripts and styles of the page's own origin only; nobody may frame it. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const;

/** A whole page of either application. */
export function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
${head}
</head>
<body>
${body}
</body>
</html>
`;
}

/** One look for both; follows the reader's light or dark setting. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7e; --line: #dde3ea; --paper: #fff; --back: #f4f6f9; --mark: #1f5fd0; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf2; --soft: #9aa7b8; --line: #2c3644; --paper: #171d26; --back: #0f141b; --mark: #7aa8ff; --bad: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.25rem 4rem; }
main.narrow { max-width: 34rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em; }
p.lead { color: var(--soft); margin: 0 0 2rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.75rem; }
label { display: block; font-weight: 600; margin: 0 0 .35rem; }
label span { font-weight: 400; color: var(--soft); }
input, textarea { width: 100%; font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .75rem; }
input:focus, textarea:focus { outline: 2px solid var(--mark); outline-offset: 1px; }
input[aria-invalid], textarea[aria-invalid] { border-color: var(--bad); }
.field { margin-bottom: 1.25rem; }
.error { color: var(--bad); font-size: .9rem; margin: .35rem 0 0; }
button, a.button { display: inline-block; font: inherit; font-weight: 600; color: #fff; background: #1f5fd0; border: 0; border-radius: 8px; padding: .65rem 1.4rem; cursor: pointer; text-decoration: none; }
.bar { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; flex-wrap: wrap; margin-bottom: 1.25rem; }
.state { color: var(--soft); font-size: .9rem; }
.state::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin-right: .5em; background: #c98a1b; }
.state[data-live="yes"]::before { background: #2e9e5b; }
.table { padding: 0; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .8rem 1rem; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-size: .82rem; font-weight: 600; white-space: nowrap; }
td small { display: block; color: var(--soft); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
time { white-space: nowrap; color: var(--soft); }
.empty { color: var(--soft); text-align: center; padding: 3rem 1rem; }
`;
