import { styleText } from 'node:util';

// https://no-color.org: present and not empty. A file or a pipe gets plain text as well.
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

/** @param {Parameters<typeof styleText>[0]} format @param {string} text */
export const style = (format, text) => (coloured ? styleText(format, text) : text);

const PUBLISHED_EVERY = 50;
const TYPES_SHOWN = 3;

const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Tells what happens, a line for each thing. */
export class Narrator {
  #since = Date.now();
  /** Once the table is printed, what still happens is of no interest. */
  done = false;

  /** @param {string} text */
  title(text) {
    console.log(`\n${style('bold', text)}`);
  }

  /** Seconds since the start. */
  get elapsed() {
    return (Date.now() - this.#since) / 1000;
  }

  /** @param {string} text */
  note(text) {
    this.#line('·', 'note', text, 'dim');
  }

  /** @param {number} done @param {number} all */
  published(done, all) {
    if (done % PUBLISHED_EVERY === 0 || done === all) this.#line('→', 'publish', `${done} of ${all} events`, 'blue');
  }

  /** @param {{ id: string, type: string, events: number }} signal @param {boolean} again */
  signal({ id, type, events }, again) {
    const what = type === 'events.available' ? counted(events, 'id') : type;
    const repeat = again ? style('yellow', ' (again)') : '';
    this.#line('⚑', 'signal', `${id} ${style('green', '✔ signature')} ${what}${repeat}`, 'cyan');
  }

  /** @param {{ type: string }[]} events @param {number} bytes @param {number} repeats */
  fetched(events, bytes, repeats) {
    const types = [...new Set(events.map(({ type }) => type.replace('github.', '')))];
    const more = types.length > TYPES_SHOWN ? ', …' : '';
    const again = repeats > 0 ? style('yellow', ` (${repeats} seen before)`) : '';
    const size = `${Math.ceil(bytes / 1024)} KB`;
    this.#line(
      '⇣',
      'fetch',
      `${counted(events.length, 'payload')}, ${size}: ${types.slice(0, TYPES_SHOWN).join(', ')}${more}${again}`,
      'magenta',
    );
  }

  /** @param {string} text */
  disaster(text) {
    this.#line('✖', 'kill', style(['bold', 'red'], text), 'red');
  }

  /** @param {string} text */
  recovery(text) {
    this.#line('↻', 'back', style('bold', text), 'green');
  }

  #line(symbol, what, text, colour) {
    if (this.done) return;
    const time = style('dim', `${this.elapsed.toFixed(1).padStart(5)} s`);
    console.log(`${time}  ${style(colour, `${symbol} ${what.padEnd(7)}`)}  ${text}`);
  }
}
