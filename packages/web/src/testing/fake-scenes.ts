import type { Conversation, Mark, Message } from '@parley/protocol';
import { history, type Line, longHistory } from './fake-history.ts';
import { member } from './fake-people.ts';

interface Scene {
  readonly row: Omit<Conversation, 'version' | 'last_seq' | 'first_seq'>;
  readonly history: readonly Message[];
  readonly marks: Readonly<Record<string, Mark>>;
  readonly typing?: readonly string[];
}

const day = 24 * 60;

const launch: readonly Line[] = [
  [2 * day + 300, 'maya', { type: 'renamed', name: 'Launch, spring' }],
  [2 * day + 299, 'maya', 'Morning all. Launch is the 14th. What is still open?'],
  [2 * day + 297, 'jonas', 'Migration is done. Rollback tried twice, both under a minute.'],
  [2 * day + 296, 'jonas', 'Only the rate limits are left.'],
  [2 * day + 280, 'priya', 'Help pages are written. Waiting for two screenshots from Kenji.'],
  [2 * day + 120, 'kenji', 'スクリーンショットは今日中に送ります。ダークモードの分も必要ですか?'],
  [2 * day + 118, 'priya', 'Yes please, both!'],
  [day + 400, 'maya', { type: 'members_added', users: ['tomas'] }],
  [day + 398, 'tomas', 'Hello everybody 👋 Glad to be here.'],
  [
    day + 390,
    'tomas',
    'I have three directions for the illustrations. The first is quiet and uses only the two brand colours, the second is warmer and hand-drawn, the third is the one you will either love or hate.\n\nhttps://example.com/boards/launch-spring (the password is in the brief)',
  ],
  [day + 380, 'maya', 'The second. No doubt.'],
  [day + 379, 'priya', 'Second as well'],
  [day + 30, 'jonas', 'Second, but I would like to see the third on a mug ☕'],
  [190, 'kenji', 'Both screenshots are in the folder now.'],
  [188, 'maya', 'Thank you! They look great.'],
  [187, 'maya', '🎉🎉'],
  [42, 'jonas', 'Rate limits are live. 600 a minute per person, more when you ask nicely.'],
  [40, 'maya', 'Then we are complete. I will write the announcement this afternoon.'],
  [12, 'priya', 'Can I read it before it goes out?'],
  [
    11,
    'priya',
    'I promised two customers that I would warn them an hour ahead, and one of them sits in Auckland.',
  ],
  [4, 'maya', 'Of course. You have it by three.'],
];

const arabic: readonly Line[] = [
  [day + 200, 'amira', 'صباح الخير مايا، أنهيت ترجمة الصفحة الأولى.'],
  [day + 198, 'maya', 'رائع، شكراً جزيلاً!'],
  [
    day + 150,
    'amira',
    'عندي سؤال عن كلمة "conversation": هل نستخدم «محادثة» أم «حوار» في الواجهة؟',
  ],
  [day + 149, 'maya', 'محادثة، مثل باقي المنتج.'],
  [
    70,
    'amira',
    'تمام. الملف الكامل هنا: https://example.com/ar/strings?v=3 وسأرسل النسخة النهائية غداً قبل الساعة 10:30 إن شاء الله.',
  ],
  [68, 'maya', 'Perfect. I will merge it right away (build 4.2).'],
  [66, 'amira', 'ممتاز 👍'],
  [
    64,
    'amira',
    'وهل يمكنك مراجعة النص الطويل في صفحة الدفع؟ أظن أنه يحتاج إلى تقصير لأن الأزرار ضيقة على الهاتف، خصوصاً في الوضع العمودي.',
  ],
  [60, 'maya', 'نعم، سأراجعه اليوم.'],
];

/** The preview's conversations as one person has them. */
export function conversationsOf(me: string, now: number): readonly Scene[] {
  const all = (read: number, delivered = read): Mark => ({ read, delivered });
  return [
    {
      ...group(1, 'Launch, spring', ['maya', 'jonas', 'priya', 'kenji', 'tomas'], launch, now),
      marks: {
        maya: all(launch.length),
        jonas: all(launch.length - 2),
        priya: all(launch.length),
        kenji: all(launch.length, launch.length),
        tomas: all(11),
      },
      typing: ['priya'],
    },
    {
      ...direct(2, me, 'jonas', now, [
        [day + 55, 'jonas', 'Do you have ten minutes for the numbers?'],
        [day + 54, me, 'After two, yes.'],
        [31, 'jonas', 'Deploy is through, all green.'],
        [30, me, 'Lovely. Anything odd in the logs?'],
        [26, 'jonas', 'Nothing. Quietest one so far.'],
        [25, me, 'I will tell the others.'],
        [24, me, 'And thank you for staying late yesterday!'],
      ]),
      marks: { [me]: all(7), jonas: all(6, 7) },
    },
    {
      ...direct(3, me, 'kenji', now, [
        [95, 'kenji', 'アイコンを更新しました。確認をお願いします。'],
        [94, 'kenji', '新しい版は線の太さを1.5pxに揃えてあります。'],
        [93, 'kenji', 'https://example.com/icons/v7'],
      ]),
      marks: { [me]: all(0, 3), kenji: all(3) },
    },
    {
      ...direct(4, me, 'amira', now, arabic),
      marks: { [me]: all(arabic.length), amira: all(arabic.length) },
    },
    {
      ...scene(5, 'direct', null, [me, 'wolfgang'], now, [
        [
          3 * day,
          'wolfgang',
          'Sehr geehrte Frau Lindqvist, anbei die Datenschutzfolgenabschätzung.',
        ],
        [3 * day - 2, me, 'Danke! Ich lese sie heute.'],
        [
          3 * day - 9,
          'wolfgang',
          'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsentwurfsvorlage und Rechtsschutzversicherungsgesellschaftsangestelltenverhältnisse',
        ],
      ]),
      marks: { [me]: all(3), wolfgang: all(2) },
    },
    {
      ...scene(
        6,
        'group',
        'Quarterly planning, budget and hiring across all three offices (Berlin, Lisbon, Tokyo)',
        ['ines', me, 'jonas', 'priya', 'wolfgang'],
        now,
        [
          [5 * day + 10, 'ines', { type: 'members_added', users: [me, 'priya'] }],
          [5 * day, 'ines', 'The sheet is open for comments until Friday.'],
        ],
      ),
      marks: { [me]: all(1) },
    },
    {
      ...scene(7, 'direct', null, [me, 'tomas'], now, []),
      marks: {},
    },
    {
      ...scene(8, 'direct', null, [me, 'priya'], now, []),
      history: longHistory(5_000, [me, 'priya'], now - 40 * 60_000),
      marks: { [me]: all(4_880), priya: all(4_990, 5_000) },
    },
  ];
}

/** The id of the nth conversation. */
function sceneId(nth: number): string {
  return `01920000-0000-7000-8000-${String(nth).padStart(12, '0')}`;
}

function group(
  nth: number,
  name: string,
  people: readonly string[],
  lines: readonly Line[],
  now: number,
): Omit<Scene, 'marks'> {
  return scene(nth, 'group', name, people, now, lines);
}

function direct(
  nth: number,
  me: string,
  other: string,
  now: number,
  lines: readonly Line[],
): Omit<Scene, 'marks'> {
  return scene(nth, 'direct', null, [me, other], now, lines);
}

function scene(
  nth: number,
  kind: 'direct' | 'group',
  name: string | null,
  people: readonly string[],
  now: number,
  lines: readonly Line[],
): Omit<Scene, 'marks'> {
  return {
    row: {
      id: sceneId(nth),
      kind,
      name,
      created_at: new Date(now - 9 * day * 60_000 - nth).toISOString(),
      created_by: people[0] ?? '',
      metadata: {},
      member_count: people.length,
      members: people.map((id, index) => member(id, index === 0 ? 'owner' : 'member')),
    },
    history: history(lines, now),
  };
}
