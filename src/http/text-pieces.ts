/**
 * Characters after which a piece is full. Small enough for the part of the heap that is used again and again: a text of a mebibyte gets
 * memory of its own each time, which costs more than everything that is put into it.
 */
const PIECE_LENGTH = 32 * 1024;

/** Puts a long text together in pieces, each of them one or more of the texts that were added: a piece never ends within a text. */
export class TextPieces {
  private readonly full: string[] = [];
  private open = '';

  add(text: string): void {
    this.open += text;
    if (this.open.length < PIECE_LENGTH) return;
    this.full.push(this.open);
    this.open = '';
  }

  /** The pieces in their order; of a short text the only one. */
  all(): string[] {
    return this.open === '' ? [...this.full] : [...this.full, this.open];
  }
}
