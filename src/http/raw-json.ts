/** JSON text as it was sent: checked, never parsed into values, so that it can be stored and served byte for byte. */
export interface RawJson {
  readonly text: string;
}
