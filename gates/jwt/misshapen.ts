import { type BadToken, claims, header, type Issuers } from './issuers.ts';
import { hmac, hs, part } from './token-parts.ts';

function good(issuers: Issuers): string {
  return hs(header(issuers), claims(issuers), issuers.secret);
}

/** What has not the form of a token, or not the one form. */
export function misshapen(issuers: Issuers): BadToken[] {
  const token = good(issuers);
  const [head = '', body = '', tail = ''] = token.split('.');
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const spare = last.charAt(
    (last.indexOf(tail.slice(-1)) & ~3) | ((last.indexOf(tail.slice(-1)) + 1) & 3),
  );
  return [
    ['one part', head],
    ['two parts', `${head}.${body}`],
    ['no signature', `${head}.${body}.`],
    ['no header', `.${body}.${tail}`],
    ['no claims', `${head}..${tail}`],
    ['four parts', `${token}.${tail}`],
    ['five parts, as encrypted ones have', `${token}.${tail}.${tail}`],
    ['a space before', ` ${token}`],
    ['a line break behind', `${token}\n`],
    ['a space inside', `${head}. ${body}.${tail}`],
    ['padding', `${head}.${body}.${tail}=`],
    ['the other base64 alphabet', `${head}.${body}.${tail.slice(0, -1)}+`],
    ['another spelling of the signature', `${head}.${body}.${tail.slice(0, -1)}${spare}`],
    ['a short signature', `${head}.${body}.${tail.slice(0, 20)}`],
    ['a doubled signature', `${head}.${body}.${tail}${tail}`],
    ['another signature', `${head}.${body}.${hmac('other', issuers.secret)}`],
    ['changed claims', `${head}.${part({ ...claims(issuers), sub: 'root' })}.${tail}`],
    ['a changed header', `${part({ ...header(issuers), x: 1 })}.${body}.${tail}`],
    ['U+0000 behind', `${token}\u0000`],
    ['a bearer word', `Bearer ${token}`],
    ['the form of JSON', JSON.stringify({ payload: body, protected: head, signature: tail })],
    [
      'nine kilobytes',
      hs(header(issuers), { ...claims(issuers), x: 'x'.repeat(9_000) }, issuers.secret),
    ],
  ].map(([why = '', text = '']) => ({ why, token: text }));
}
