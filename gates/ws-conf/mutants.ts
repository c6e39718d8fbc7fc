import type { Mutant } from '../kit/mutant.ts';

const gateway = 'packages/server/src/gateway';

/** Bugs that `ws-conf` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'long-header',
    bug: 'a frame of 125 bytes is told in the long form',
    file: `${gateway}/text-frame.ts`,
    find: 'length < 126 ? 2',
    replace: 'length < 125 ? 2',
    part: 'own frames',
    failure: '125 bytes told with a header of 4',
  },
  {
    id: 'compression',
    bug: 'compression is agreed to',
    file: `${gateway}/gateway.ts`,
    find: 'perMessageDeflate: false',
    replace: 'perMessageDeflate: true',
    part: 'upgrades',
    failure: 'an extension was agreed to',
  },
  {
    id: 'size-limit',
    bug: 'a frame may be one byte too large',
    file: `${gateway}/gateway.ts`,
    find: 'maxPayload: limits.frameBytes',
    replace: 'maxPayload: limits.frameBytes + 1',
    part: 'messages',
    failure: 'one byte more in frames of',
  },
  {
    id: 'any-utf8',
    bug: 'text is not checked for UTF-8',
    file: `${gateway}/gateway.ts`,
    find: 'perMessageDeflate: false',
    replace: 'perMessageDeflate: false, skipUTF8Validation: true',
    part: 'UTF-8',
    failure: 'not 1007',
  },
  {
    id: 'no-mask',
    bug: 'frames without a mask are read',
    file: 'node_modules/ws/lib/receiver.js',
    find: 'if (!this._masked) {',
    replace: 'if (false) {',
    part: 'control frames',
    failure: 'without a mask is a fault',
  },
  {
    id: 'kept-line',
    bug: 'a client that does not answer the close keeps its line',
    file: `${gateway}/connection.ts`,
    find: 'setTimeout(() => this.socket.terminate(), patienceMs).unref();',
    replace: '',
    part: 'closing',
    failure: 'the server keeps the line open',
  },
  {
    id: 'body',
    bug: 'an upgrade may have a body',
    file: `${gateway}/upgrade-request.ts`,
    find: "headers['transfer-encoding'] === undefined &&",
    replace: '',
    part: 'upgrades',
    failure: 'an unknown transfer coding is refused',
  },
];
