import type { Entity } from '@synap/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHINESE } from './fixtures/chinese.ts';
import { JAPANESE } from './fixtures/japanese.ts';
import { type Client, type TestServer, testServer } from './server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

async function titles(client: Client, query: string, more: object = {}): Promise<(string | null)[]> {
  const { items } = await client.get<{ items: { entity: Entity }[] }>('search.query', { query, ...more });
  return items.map(({ entity }) => entity.title);
}

describe.each([
  ['Chinese', CHINESE],
  ['Japanese', JAPANESE],
])('a library in %s', (_, notes) => {
  let client: Client;

  beforeAll(async () => {
    client = await server.client();
    await Promise.all(notes.map(({ title, text }) => client.note(text, { title })));
  });

  it('has more than twenty notes and questions', () => {
    expect(notes.length).toBeGreaterThan(20);
    expect(notes.flatMap(({ queries }) => queries).length).toBeGreaterThan(40);
  });

  it('answers each question with the note that is meant', async () => {
    for (const { title, queries } of notes) {
      for (const query of queries) expect((await titles(client, query))[0], query).toBe(title);
    }
  });

  it('finds each note by its title, and by the beginning of it', async () => {
    for (const { title } of notes) {
      expect((await titles(client, title))[0], title).toBe(title);
      const begun = title.slice(0, Math.ceil(title.length / 2));
      expect(await titles(client, begun, { prefix: true }), begun).toContain(title);
    }
  });

  it('finds each note by a phrase of it', async () => {
    for (const { title, text } of notes) {
      const [phrase = ''] = text.split(/[，。、：]/);
      expect(await titles(client, `"${phrase}"`), phrase).toContain(title);
    }
  });
});

describe('other languages', () => {
  let client: Client;
  const NOTES: readonly [string, string][] = [
    ['cafe', 'Wir treffen uns im Café'],
    ['zurich', 'Der Zug nach Zürich fährt um acht'],
    ['street', 'Die Straße ist gesperrt'],
    ['thai', 'วันนี้ฉันกินข้าวผัดที่ร้านอาหารไทย'],
    ['thai-travel', 'พรุ่งนี้เราจะไปเชียงใหม่โดยรถไฟ'],
    ['russian', 'Купить ёлку и свечи к Новому году'],
    ['greek', 'Ο Οδυσσεύς γύρισε στην Ιθάκη'],
    ['vietnamese', 'Hôm nay tôi ăn phở ở Hà Nội'],
    ['hindi', 'आज मैंने हिन्दी की किताब पढ़ी'],
    ['korean', '서울에서 김치찌개를 먹었다'],
    ['arabic', 'قرأت كتابا عن تاريخ بغداد'],
    ['mixed', 'PostgreSQLの設定をDockerで変更'],
  ];

  beforeAll(async () => {
    client = await server.client();
    await Promise.all(NOTES.map(([title, text]) => client.note(text, { title: `note ${title}` })));
  });

  it.each([
    ['cafe', 'cafe'],
    ['CAFÉ', 'cafe'],
    ['cafe\u0301', 'cafe'],
    ['Zurich', 'zurich'],
    ['zürich', 'zurich'],
    ['strasse', 'street'],
    ['STRASSE', 'street'],
    ['ข้าวผัด', 'thai'],
    ['เชียงใหม่', 'thai-travel'],
    ['รถไฟ', 'thai-travel'],
    ['елку', 'russian'],
    ['СВЕЧИ', 'russian'],
    ['οδυσσευς', 'greek'],
    ['ΙΘΑΚΗ', 'greek'],
    ['pho ha noi', 'vietnamese'],
    ['किताब', 'hindi'],
    ['서울에서', 'korean'],
    ['بغداد', 'arabic'],
    ['postgresql', 'mixed'],
    ['設定', 'mixed'],
    ['docker', 'mixed'],
  ])('%s finds the note %s', async (query, title) => {
    expect(await titles(client, query)).toEqual([`note ${title}`]);
  });
});
