import { textFrame } from '../../kit/client-frame.ts';
import { ask } from '../row.ts';

/** An upgrade request as text, and what may be answered; 0: nothing, the line just ends. */
export interface UpgradeRow {
  readonly id: string;
  readonly what: string;
  readonly request: string;
  readonly statuses: readonly number[];
  /** Subprotocols that were offered; one of them may be agreed to, or none. */
  readonly protocols?: readonly string[];
  /** The key that was sent, where it is not the usual one. */
  readonly key?: string;
  /** A refusal must tell which version is spoken. */
  readonly versionTold?: boolean;
  /** Frames come with the request, in the same bytes. */
  readonly sendsAlong?: boolean;
}

/** Of RFC 6455, 1.3. */
export const usualKey = 'dGhlIHNhbXBsZSBub25jZQ==';

interface Parts {
  readonly line?: string;
  /** Headers that replace the usual ones; undefined leaves one out. */
  readonly change?: Readonly<Record<string, string | undefined>>;
  /** Lines that come after the headers, as they are. */
  readonly add?: readonly string[];
  readonly lineEnd?: string;
  readonly after?: string;
}

/** Every upgrade request worth trying. */
export function upgradeRows(port: number): UpgradeRow[] {
  const host = `127.0.0.1:${port}`;
  const request = ({
    line = 'GET /v1/ws HTTP/1.1',
    change = {},
    add = [],
    ...parts
  }: Parts = {}) => {
    const headers: Record<string, string | undefined> = {
      Host: host,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': usualKey,
      ...change,
    };
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    );
    const { lineEnd = '\r\n', after = '' } = parts;
    return [line, ...lines, ...add, '', ''].join(lineEnd) + after;
  };
  let number = 0;
  const row = (
    what: string,
    parts: Parts,
    statuses: readonly number[],
    more: Partial<UpgradeRow> = {},
  ): UpgradeRow => ({ id: `U.${++number}`, what, request: request(parts), statuses, ...more });

  const good = [101];
  const refused = [400];
  const notThere = [404];
  const notUpgraded = [400, 404, 405, 426];

  return [
    row('the request of the standard is agreed to', {}, good),
    row(
      'a query is nobody’s business'.replace('’', "'"),
      { line: 'GET /v1/ws?a=b HTTP/1.1' },
      good,
    ),
    row('an absolute address is the same', { line: `GET http://${host}/v1/ws HTTP/1.1` }, good),
    row(
      'header names have no case',
      { change: { Upgrade: undefined }, add: ['uPGRADE: websocket'] },
      good,
    ),
    row('the word websocket has no case', { change: { Upgrade: 'WebSocket' } }, good),
    row('the word upgrade has no case', { change: { Connection: 'uPgRaDe' } }, good),
    row('Connection may list more', { change: { Connection: 'keep-alive, Upgrade' } }, good),
    row(
      'Connection may come twice',
      { change: { Connection: 'keep-alive' }, add: ['Connection: Upgrade'] },
      good,
    ),
    row('blanks around values are nothing', { change: { Upgrade: '  websocket \t' } }, good),
    row(
      'no blank after the colon is fine',
      { change: { Upgrade: undefined }, add: ['Upgrade:websocket'] },
      good,
    ),
    row(
      'headers that nobody knows are ignored',
      { add: ['X-Other: 1', 'DNT: 1', 'Cookie: a=b'] },
      good,
    ),
    row('an empty query is fine', { line: 'GET /v1/ws? HTTP/1.1' }, good),
    row(
      'frames sent with the request are read',
      { after: textFrame(ask(1)).toString('latin1') },
      good,
      { sendsAlong: true },
    ),

    ...[
      'permessage-deflate',
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      'permessage-deflate; server_max_window_bits=8, permessage-deflate',
      'x-webkit-deflate-frame',
      'permessage-bzip2, unknown; a=1; b="two"',
    ].map((offer) =>
      row(
        `the extension ${offer} is not agreed to`,
        { change: { 'Sec-WebSocket-Extensions': offer } },
        good,
      ),
    ),
    ...['permessage-deflate; =', ', ,', 'a b c', ';', 'x'.repeat(4_000)].map((offer) =>
      row(
        `the offer ${offer.slice(0, 20)} is refused or ignored`,
        { change: { 'Sec-WebSocket-Extensions': offer } },
        [101, 400],
      ),
    ),
    ...[['chat'], ['chat', 'superchat'], ['v1.parley', 'graphql-ws']].map((protocols) =>
      row(
        `of the subprotocols ${protocols.join()} none but an offered one is told`,
        { change: { 'Sec-WebSocket-Protocol': protocols.join(', ') } },
        good,
        { protocols },
      ),
    ),
    ...['a,,b', 'a b', 'chat, chat', ',', 'ünicode', '"chat"'].map((offer) =>
      row(
        `the subprotocols ${offer} are refused or ignored`,
        { change: { 'Sec-WebSocket-Protocol': offer } },
        [101, 400],
        { protocols: ['a', 'b', 'chat'] },
      ),
    ),

    row('without Upgrade it is a plain request', { change: { Upgrade: undefined } }, notUpgraded),
    row(
      'without Connection it is a plain request',
      { change: { Connection: undefined } },
      notUpgraded,
    ),
    row('Connection: close is no upgrade', { change: { Connection: 'close' } }, notUpgraded),
    row('an upgrade to h2c is ignored', { change: { Upgrade: 'h2c' } }, notUpgraded),
    row('an upgrade to TLS is ignored', { change: { Upgrade: 'TLS/1.0' } }, notUpgraded),
    row('an upgrade to websocket2 is ignored', { change: { Upgrade: 'websocket2' } }, notUpgraded),
    row('an empty Upgrade is ignored', { change: { Upgrade: '' } }, notUpgraded),
    row(
      'one of several upgrades is agreed to or ignored',
      { change: { Upgrade: 'h2c, websocket' } },
      [101, ...notUpgraded],
    ),

    ...[
      undefined,
      '',
      '7',
      '12',
      '14',
      '0',
      '-13',
      '13.0',
      'x',
      '13, 8',
      '1300000000000000000000',
    ].map((version) =>
      row(
        `version ${version ?? 'none'} is refused`,
        { change: { 'Sec-WebSocket-Version': version } },
        [400, 426],
        { versionTold: true },
      ),
    ),
    row('two versions are refused', { add: ['Sec-WebSocket-Version: 12'] }, [400, 426]),

    ...[
      undefined,
      '',
      'short',
      'dGhlIHNhbXBsZSBub25jZQ=',
      'dGhlIHNhbXBsZSBub25jZQ',
      'dGhlIHNhbXBsZSBub25jZQ===',
      'dGhlIHNhbXBsZSBub25jZTE=',
      'dGhlIHNhbXBsZSBub25jZ!==',
      'dGhl IHNhbXBsZSBub25jZQ==',
      '='.repeat(24),
      'A'.repeat(24),
      'A'.repeat(8_000),
    ].map((key) =>
      row(
        `the key ${key?.slice(0, 30) ?? 'none'} is refused`,
        { change: { 'Sec-WebSocket-Key': key } },
        refused,
      ),
    ),
    row('two keys are refused', { add: [`Sec-WebSocket-Key: ${usualKey}`] }, refused),
    row(
      'another key is answered with its own proof',
      { change: { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
      good,
      { key: 'AAAAAAAAAAAAAAAAAAAAAA==' },
    ),

    ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'].map((method) =>
      row(`${method} is no upgrade`, { line: `${method} /v1/ws HTTP/1.1` }, [400, 404, 405]),
    ),
    row('HTTP/1.0 knows no upgrade', { line: 'GET /v1/ws HTTP/1.0' }, [400, 404, 405, 426, 505]),
    row('HTTP/0.9 is none', { line: 'GET /v1/ws' }, [0, 400, 505]),
    row('HTTP/2.0 in this form is none', { line: 'GET /v1/ws HTTP/2.0' }, [0, 400, 505]),
    row('without Host it is refused', { change: { Host: undefined } }, refused),
    row('two Hosts are refused', { add: ['Host: evil.example'] }, refused),

    ...[
      '/',
      '/v1',
      '/v1/',
      '/v1/ws/',
      '//v1/ws',
      '/v1//ws',
      '/V1/WS',
      '/v1/ws2',
      '/v1/ws/x',
      '/v1/%77s',
      '/v1/ws%00',
      '/v1/ws;x=1',
      '/v1/../v1/ws',
      '/v1/ws\\',
      '*',
    ].map((path) =>
      row(`at ${path} there is none`, { line: `GET ${path} HTTP/1.1` }, [...notThere, 400]),
    ),

    row('a blank in the address is refused', { line: 'GET /v1/ws x HTTP/1.1' }, refused),
    row('a blank before a colon is refused', { add: ['X-Bad : 1'] }, refused),
    row('a folded header is refused', { add: ['X-Folded: a', ' b'] }, refused),
    row('U+0000 in a header is refused', { add: ['X-Bad: a\0b'] }, refused),
    row('a header without a name is refused', { add: [': x'] }, refused),
    row('a header without a colon is refused', { add: ['Nonsense'] }, refused),
    row('lines that end with a bare line feed are refused', { lineEnd: '\n' }, [0, 400]),
    row('lines that end with a bare return are refused', { lineEnd: '\r' }, [0, 400]),
    row('a body length that is no number is refused', { add: ['Content-Length: x'] }, refused),
    row(
      'two body lengths are refused',
      { add: ['Content-Length: 0', 'Content-Length: 5'] },
      refused,
    ),
    row(
      'length and chunks together are refused',
      { add: ['Content-Length: 5', 'Transfer-Encoding: chunked'] },
      refused,
    ),
    row('an unknown transfer coding is refused', { add: ['Transfer-Encoding: gzip'] }, refused),
  ];
}
