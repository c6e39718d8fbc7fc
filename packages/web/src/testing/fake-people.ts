import type { Member, User } from '@parley/protocol';
import type { DemoPerson } from '../sign-in/door.ts';

const people: readonly (readonly [id: string, name: string, title: string])[] = [
  ['maya', 'Maya Lindqvist', 'Product lead'],
  ['jonas', 'Jonas Weber', 'Backend engineer'],
  ['amira', 'أميرة الحداد', 'Translator, Arabic'],
  ['kenji', '田中 健二', 'Designer, Tokyo'],
  ['priya', 'Priya Raman', 'Support lead'],
  ['tomas', 'Tomás Oliveira', 'Freelance illustrator'],
  ['ines', 'Inès Caron', 'Finance'],
  [
    'wolfgang',
    'Wolfgang-Maximilian Freiherr von Hohenstein-Rheinfelden zu Oberwaldburg',
    'Rechtsanwalt und Datenschutzbeauftragter der Unternehmensgruppe',
  ],
];

export const demoPeople: readonly DemoPerson[] = people.map(([id, name, title]) => ({
  id,
  name,
  avatar_url: null,
  title,
}));

export function user(id: string): User {
  const found = demoPeople.find((person) => person.id === id);
  return { id, name: found?.name ?? id, avatar_url: null, updated_at: '2026-01-01T00:00:00.000Z' };
}

export function member(id: string, role: Member['role'] = 'member'): Member {
  return { ...user(id), role, joined_seq: 1, version: 1, left_at: null };
}
