/**
 * For the thread that runs PGlite, whose decoder would drop the mark U+FEFF from the beginning of a text. Must be imported
 * before PGlite.
 */
class WholeTextDecoder extends TextDecoder {
  constructor(label?: string, options?: ConstructorParameters<typeof TextDecoder>[1]) {
    super(label, { ignoreBOM: true, ...options });
  }
}

globalThis.TextDecoder = WholeTextDecoder;
