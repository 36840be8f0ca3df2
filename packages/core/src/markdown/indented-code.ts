const INDENTED = /^(?: {4}| {0,3}\t)\s*\S/;
/** An item of a list, or a footnote: what is indented after it may well be its text. */
const BEGINS_ITEM = /^\s*(?:(?:[-*+]|\d{1,9}[.)])(?:\s|$)|\[\^)/;

/**
 * Knows, of lines one after the other, which are indented code (CommonMark 0.31, section 4.4): after a blank line, or at
 * the beginning, and not in a list or a footnote. A list ends with the first text that is not indented at all and
 * follows a blank line; until then it is taken for text.
 */
export class IndentedCode {
  #afterBlank = true;
  #inCode = false;
  #inItem = false;

  /**
   * Whether the next line is code.
   * @param line its beginning is enough
   * @param isBlank whether there is nothing but white space in all of it
   */
  has(line: string, isBlank: boolean): boolean {
    if (isBlank) {
      this.#afterBlank = true;
      return false;
    }
    const isIndented = INDENTED.test(line);
    if (!isIndented && BEGINS_ITEM.test(line)) this.#inItem = true;
    else if (this.#afterBlank && /^\S/.test(line)) this.#inItem = false;
    this.#inCode = isIndented && (this.#inCode || (this.#afterBlank && !this.#inItem));
    this.#afterBlank = false;
    return this.#inCode;
  }
}
