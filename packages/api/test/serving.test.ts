import { gzipSync } from 'node:zlib';
import { parse } from 'content-disposition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileNameOf, safeHeaders } from '../src/files/serving.ts';
import { sniff } from '../src/files/sniff.ts';
import { PNG } from './upload-client.ts';

const SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const HTML = '<!doctype html><script>alert(1)</script>';
const bytes = (text: string, encoding: BufferEncoding = 'latin1') => Buffer.from(text, encoding);
const PDF = bytes('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n');
const WAV = bytes('RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0');
const WEBM = bytes('1a45dfa3934282847765626d', 'hex');
const MP4 = bytes('00000018667479706d703432000000006d70343269736f6d', 'hex');

describe('what a file is', () => {
  it.each([
    ['a.png', PNG, 'png', 'image'],
    ['noextension', PNG, 'png', 'image'],
    ['a.html', PNG, 'png', 'image'],
    ['a.svg', PNG, 'png', 'image'],
    ['a.md', PNG, 'png', 'image'],
    ['a.png', bytes(HTML), 'bin', 'other'],
    ['a.pdf', bytes(HTML), 'bin', 'other'],
    ['a.html', bytes(HTML), 'html', 'other'],
    ['a.HTM', bytes(HTML), 'html', 'other'],
    ['a.svg', bytes(HTML), 'txt', 'other'],
    ['a.svg', bytes(SVG), 'svg', 'image'],
    ['a.svg', bytes('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'svg', 'image'],
    ['a.png', bytes(SVG), 'xml', 'other'],
    ['a.svgz', gzipSync(SVG), 'gz', 'other'],
    ['a.pdf', PDF, 'pdf', 'pdf'],
    ['a.txt', PDF, 'pdf', 'pdf'],
    ['a.wav', WAV, 'wav', 'audio'],
    ['a.webm', WEBM, 'webm', 'video'],
    ['a.mp4', MP4, 'mp4', 'video'],
    ['a.gif', bytes(`GIF89a/*${' '.repeat(20)}*/=1;alert(1)`), 'gif', 'image'],
    ['a.md', bytes('# Grüße', 'utf8'), 'md', 'markdown'],
    ['a.markdown', bytes('words'), 'md', 'markdown'],
    ['a.md', bytes('\xff\xfe broken'), 'bin', 'other'],
    ['a.md', bytes('a\0b'), 'bin', 'other'],
    ['a.js', bytes('alert(1)'), 'txt', 'other'],
    ['a.csv', bytes('a,b'), 'csv', 'other'],
    ['a.json', bytes('{}'), 'json', 'other'],
    ['a.exe', bytes('MZ\x90\0\x03'), 'exe', 'other'],
    ['a.exe', bytes('words'), 'bin', 'other'],
    ['constructor', bytes('words'), 'bin', 'other'],
    ['a.__proto__', bytes('words'), 'bin', 'other'],
    ['empty.png', Buffer.alloc(0), 'bin', 'other'],
  ])('is told by its bytes: %s', async (name, sample, extension, fileType) => {
    expect(await sniff(sample, name)).toMatchObject({ extension, fileType });
  });

  it('may end in the middle of a character', async () => {
    const sample = bytes('ü'.repeat(100), 'utf8').subarray(0, 99);
    expect(await sniff(sample, 'a.md')).toMatchObject({ extension: 'md' });
  });

  it('is something for any bytes whatever, under a key that can be built', async () => {
    const magic = fc.constantFrom(
      PNG,
      PDF,
      WAV,
      WEBM,
      MP4,
      bytes('PK\x03\x04'),
      bytes('ID3'),
      bytes('\x1f\x8b'),
      bytes(SVG),
    );
    await fc.assert(
      fc.asyncProperty(fc.option(magic), fc.uint8Array({ maxLength: 300 }), fc.string(), async (head, tail, name) => {
        const { extension } = await sniff(Buffer.concat([head ?? Buffer.alloc(0), tail]), name);
        expect(extension).toMatch(/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the headers', () => {
  it.each([
    ['png', 'image/png', 'inline'],
    ['jpg', 'image/jpeg', 'inline'],
    ['svg', 'image/svg+xml', 'inline'],
    ['pdf', 'application/pdf', 'inline'],
    ['mp3', 'audio/mpeg', 'inline'],
    ['webm', 'video/webm', 'inline'],
    ['md', 'text/markdown; charset=utf-8', 'inline'],
    ['txt', 'text/plain; charset=utf-8', 'inline'],
    ['html', 'text/plain; charset=utf-8', 'inline'],
    ['xml', 'text/plain; charset=utf-8', 'inline'],
    ['json', 'text/plain; charset=utf-8', 'inline'],
    ['tif', 'image/tiff', 'attachment'],
    ['zip', 'application/zip', 'attachment'],
    ['exe', 'application/octet-stream', 'attachment'],
    ['bin', 'application/octet-stream', 'attachment'],
  ])('of .%s are %s, %s', (extension, type, disposition) => {
    const headers = safeHeaders(`users/u/files/e/r.${extension}`, 'name');
    expect(headers['Content-Type']).toBe(type);
    expect(parse(headers['Content-Disposition'] ?? '').type).toBe(disposition);
    expect(headers['X-Content-Type-Options']).toBe('nosniff');
    expect(headers['Content-Security-Policy']).toContain("default-src 'none'");
    expect(headers['Content-Security-Policy']).not.toMatch(/script-src|allow-scripts|connect-src/);
    if (extension !== 'pdf') expect(headers['Content-Security-Policy']).toMatch(/^sandbox;/);
  });

  it('let an SVG fetch nothing', () => {
    expect(safeHeaders('a.svg', 'a')['Content-Security-Policy']).toBe(
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    );
  });
});

describe('the name to save under', () => {
  it.each([
    ['photo.png', 'png', 'photo.png'],
    ['photo.PNG', 'png', 'photo.PNG'],
    ['photo.jpeg', 'jpg', 'photo.jpeg'],
    ['photo', 'png', 'photo.png'],
    ['Minutes of v1.2', 'md', 'Minutes of v1.2.md'],
    ['evil.html', 'png', 'evil.html.png'],
    ['setup.exe', 'png', 'setup.exe.png'],
    ['setup.exe', 'bin', 'setup.exe'],
    ['data', 'bin', 'data.bin'],
    ['../../etc/passwd', 'txt', 'passwd.txt'],
    ['..\\..\\boot.ini', 'bin', 'boot.ini'],
    ['..', 'png', 'content.png'],
    ['.htaccess', 'bin', 'htaccess.bin'],
    ['a"; filename="b.exe', 'png', 'a_; filename=_b.exe.png'],
    ['a\r\nSet-Cookie: x=1', 'png', 'aSet-Cookie_ x=1.png'],
    ['photo\u202egnp.exe', 'png', 'photognp.exe.png'],
    ['名前 \u{1f344}.png', 'png', '名前 \u{1f344}.png'],
    ['  ', 'pdf', 'content.pdf'],
    [null, 'md', 'content.md'],
    ['a%2f..%2fb', 'png', 'a%2f..%2fb.png'],
  ])('of %j as .%s is %j', (title, extension, name) => {
    expect(fileNameOf(title, `users/u/files/e/r.${extension}`)).toBe(name);
  });

  it('is short enough for any disk', () => {
    const name = fileNameOf(`${'\u{1f344}'.repeat(300)}.png`, 'r.png');
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    expect(name).toMatch(/^\u{1f344}+\.png$/u);
  });

  it('survives the header whatever it is, and adds nothing to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('png', 'bin', 'html'), (title, extension) => {
        const name = fileNameOf(title.toWellFormed(), `r.${extension}`);
        const header = safeHeaders(`r.${extension}`, name)['Content-Disposition'] ?? '';
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        expect(parse(header).parameters.filename).toBe(name);
        expect(name).not.toMatch(/[/\\\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(name).not.toMatch(/^\.|^$/);
      }),
      { numRuns: 1_000 },
    );
  });
});
