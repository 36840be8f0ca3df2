import { newEntityId, newUserId } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { buildPath, signUrl, verifySignedUrl } from '../src/index.ts';

const secret = 'a secret of enough bytes';
const key = buildPath({ userId: newUserId(), type: 'file', entityId: newEntityId() });
const expires = 2_000_000_000;
const now = expires - 1;
const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' });
const sign = (more: { method?: string } = {}) =>
  signUrl({ baseUrl: 'https://notes.example.org', key, secret, expires, ...more });

describe('a signed URL', () => {
  it('gives its key, absolute or as a request has it', () => {
    expect(sign()).toMatch(
      /^https:\/\/notes\.example\.org\/files\/users\/.*\.md\?expires=2000000000&signature=[\w-]{43}$/,
    );
    expect(verifySignedUrl(sign(), { secret, now })).toEqual({ key });
    expect(verifySignedUrl(sign().slice('https://notes.example.org'.length), { secret, now })).toEqual({ key });
  });

  it('works below a path', () => {
    const url = signUrl({ baseUrl: 'https://example.org/synap/', key, secret, expires });
    expect(verifySignedUrl(url, { secret, now, filesPath: '/synap/files/' })).toEqual({ key });
    expect(() => verifySignedUrl(url, { secret, now })).toThrowError(refused);
  });

  it('is good until it expires, and no longer', () => {
    expect(verifySignedUrl(sign(), { secret, now: expires - 0.001 })).toEqual({ key });
    expect(() => verifySignedUrl(sign(), { secret, now: expires })).toThrowError(refused);
    expect(() => verifySignedUrl(signUrl({ baseUrl: '', key, secret, expires: 1 }), { secret })).toThrowError(refused);
    expect(() => verifySignedUrl(sign(), { secret, now: Number.NaN })).toThrowError(refused);
  });

  it('is for one method, HEAD being a GET', () => {
    expect(verifySignedUrl(sign(), { secret, now, method: 'HEAD' })).toEqual({ key });
    expect(() => verifySignedUrl(sign(), { secret, now, method: 'PUT' })).toThrowError(refused);
    expect(verifySignedUrl(sign({ method: 'PUT' }), { secret, now, method: 'PUT' })).toEqual({ key });
    expect(() => verifySignedUrl(sign({ method: 'PUT' }), { secret, now })).toThrowError(refused);
  });

  it.each([
    ['another secret', sign(), 'another secret of enough bytes'],
    ['another key', sign().replace('/users/', '/uses/'), secret],
    ['a parent in the key', sign().replace('/users/', '/users/../'), secret],
    ['an encoded parent', sign().replace('/users/', '/users/%2e%2e/'), secret],
    ['a slash too many', sign().replace('/users/', '//users/'), secret],
    ['broken encoding', sign().replace('/users/', '/%ff/'), secret],
    ['another expiry', sign().replace('expires=2', 'expires=3'), secret],
    ['another spelling of the expiry', sign().replace('expires=2', 'expires=02'), secret],
    ['two expiries', `${sign()}&expires=3000000000`, secret],
    ['no expiry', sign().replace(/expires=\d+&/, ''), secret],
    ['no signature', sign().replace(/&signature=.*/, ''), secret],
    ['an empty signature', sign().replace(/signature=.*/, 'signature='), secret],
    ['a shortened signature', sign().slice(0, -1), secret],
    ['a padded signature', `${sign()}=`, secret],
    ['another path', sign().replace('/files/', '/other/'), secret],
    ['no URL', 'http://', secret],
  ])('is refused with %s', (_, url, verifier) => {
    expect(() => verifySignedUrl(url, { secret: verifier, now })).toThrowError(refused);
  });

  it('needs a secret that cannot be guessed', () => {
    const invalid = expect.objectContaining({ code: 'CONFIGURATION_INVALID' });
    expect(() => signUrl({ baseUrl: '', key, secret: 'short', expires })).toThrowError(invalid);
    expect(() => verifySignedUrl(sign(), { secret: '', now })).toThrowError(invalid);
  });
});
