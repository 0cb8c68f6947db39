/**
 * Rows of a label, a figure and a remark, as text.
 * @param {{ label: string, value: string | number, note?: string, mark?: (text: string) => string }[]} rows
 * @returns {string}
 */
export function table(rows) {
  const cells = rows.map(({ label, value, note = '' }) => [label, String(value), note]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)));
  const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
  const lines = cells.map(([label, value, note], index) => {
    const mark = rows[index].mark ?? ((text) => text);
    return `│ ${label.padEnd(widths[0])} │ ${mark(value.padStart(widths[1]))} │ ${note.padEnd(widths[2])} │`;
  });
  return [rule('┌', '┬', '┐'), ...lines, rule('└', '┴', '┘')].join('\n');
}
