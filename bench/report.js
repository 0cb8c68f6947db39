import { cpus, totalmem } from 'node:os';

/**
 * @typedef {object} Comparison
 * @property {string} goal as performance.md numbers it
 * @property {string} work
 * @property {string} unit what is counted per second
 * @property {string} against
 * @property {import('./interleave.js').Result} ours
 * @property {import('./interleave.js').Result} baseline
 * @property {number} [target] the goal's ratio: at least, or at most where `lessIsBetter`; none: a figure without a goal
 * @property {boolean} [lessIsBetter] the figures are times or sizes, not rates
 * @property {string} [note] what the table has no column for
 */

const whole = (value) => Math.round(value).toLocaleString('en');

/** Cores, memory and Node version: enough to judge the figures by, and nothing that names the machine. */
export function machine() {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} cores, ${gigabytes} GB memory, Node ${process.versions.node}`;
}

/** One row: the ratio is of the medians, so it can be checked from the two columns before it. */
function row({ goal, work, unit, against, ours, baseline, target, lessIsBetter = false }) {
  const ratio = ours.rate / baseline.rate;
  return [
    goal,
    lessIsBetter ? `${work}, ${unit}` : `${work}, ${unit}/s`,
    `${whole(ours.rate)} (${whole(ours.low)} to ${whole(ours.high)})`,
    `${whole(baseline.rate)} (${whole(baseline.low)} to ${whole(baseline.high)})`,
    against,
    ratio.toFixed(2),
    ...verdict(ratio, target, lessIsBetter),
    ours.cpuMicros === undefined ? '' : `${share(ours)} / ${share(baseline)}`,
  ];
}

function verdict(ratio, target, lessIsBetter) {
  if (target === undefined) return ['', ''];
  const met = lessIsBetter ? ratio <= target : ratio >= target;
  return [`${lessIsBetter ? '≤' : '≥'} ${target.toFixed(2)}`, met ? 'met' : 'MISSED'];
}

const share = ({ cpuMicros, busy }) => `${cpuMicros.toFixed(1)} µs, ${Math.round(busy * 100)} %`;

const HEADINGS = [
  'goal',
  'work',
  'ours',
  'baseline',
  'against',
  'ratio',
  'wanted',
  '',
  'CPU each, busy: ours / baseline',
];

/**
 * A table that reads in a terminal and is Markdown.
 * @param {Comparison[]} comparisons
 */
export function table(comparisons) {
  const rows = comparisons.map(row);
  const widths = HEADINGS.map((heading, at) => Math.max(heading.length, 3, ...rows.map((cells) => cells[at].length)));
  const line = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  const notes = comparisons.flatMap(({ note }) => (note === undefined ? [] : ['', note]));
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ...notes].join('\n');
}
