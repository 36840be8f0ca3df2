import { ASCII } from './words.ts';

/** Marks that a person leaves out while typing. Not those of other scripts, where a mark is a vowel or a consonant. */
const LATIN_AND_GREEK = /([\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu;
/** Stress marks, and the dots of ё; й is a letter of its own. */
const CYRILLIC = /(?<=\p{Script=Cyrillic})[\u0300\u0301]|(?<=е)\u0308/gu;

/** Letters that no decomposition takes apart. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

/** Compatible forms may hold more than letters: ½ is 1⁄2, ⑴ is (1). */
const NOT_OF_A_WORD = /[^\p{L}\p{N}\p{M}]+/gu;

/** One spelling for what people take to be the same word: case, width, accents, apostrophes. */
export function fold(word: string): string {
  if (ASCII.test(word)) return withoutApostrophe(word.toLowerCase());
  const lower = word.normalize('NFKC').toLowerCase().normalize('NFD');
  const bare = lower.replace(LATIN_AND_GREEK, '$1').replace(CYRILLIC, '').normalize('NFC');
  return withoutApostrophe(bare.replace(LETTER, (letter) => LETTERS[letter] ?? letter)).replace(NOT_OF_A_WORD, '');
}

const APOSTROPHE = /['’]/;

function withoutApostrophe(word: string): string {
  if (!APOSTROPHE.test(word)) return word;
  return word.replace(/['’]s$/, '').replace(APOSTROPHE, '');
}
