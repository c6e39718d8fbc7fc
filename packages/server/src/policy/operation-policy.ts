import { commandPolicy } from './command-policy.ts';
import type { Right } from './right.ts';

const anyone: Right = { who: 'anyone' };
const operator: Right = { who: 'operator' };

/**
 * Who may do what over HTTP, by `operationId`: routes are made from these rows, so one without a row
 * does not compile.
 */
export const operationPolicy = {
  getHealth: anyone,
  getReadiness: anyone,
  getOpenApi: anyone,
  getMetrics: { who: 'local or operator' },
  openRoot: anyone,
  openPage: anyone,
  openPageWithoutSlash: anyone,
  getPageConfig: anyone,
  getPageAsset: anyone,
  getPageFile: anyone,
  // Mounted in demo mode only, for the demo's tenant only.
  listDemoPeople: anyone,
  demoSignIn: anyone,

  createTenant: operator,
  // A tenant that has lost its last key, or the demo's, which nobody was told.
  createTenantApiKey: operator,
  suspendTenant: operator,
  resumeTenant: operator,
  getTenant: { who: 'key or operator', scope: 'settings' },
  updateTenant: { who: 'key or operator', scope: 'settings' },

  listApiKeys: { who: 'key', scope: 'keys' },
  createApiKey: { who: 'key', scope: 'keys' },
  revokeApiKey: { who: 'key', scope: 'keys' },
  listSigningKeys: { who: 'key', scope: 'keys' },
  createSigningKey: { who: 'key', scope: 'keys' },
  revokeSigningKey: { who: 'key', scope: 'keys' },
  listKeySources: { who: 'key', scope: 'keys' },
  createKeySource: { who: 'key', scope: 'keys' },
  readKeySource: { who: 'key', scope: 'keys' },
  removeKeySource: { who: 'key', scope: 'keys' },
  listAuditEntries: { who: 'key', scope: 'audit' },

  putUser: { who: 'key', scope: 'users' },
  putUsers: { who: 'key', scope: 'users' },
  getUser: { who: 'key', scope: 'users' },
  revokeUser: { who: 'key', scope: 'users' },
  deactivateUser: { who: 'key', scope: 'users' },
  createToken: { who: 'key', scope: 'tokens' },
  createConversationFor: { who: 'key', scope: 'conversations' },

  createConversation: commandPolicy['conversation.create'],
  listConversations: commandPolicy['conversation.list'],
  getConversation: commandPolicy['conversation.get'],
  listMessages: commandPolicy['message.list'],
  sendMessage: commandPolicy['message.send'],
} as const satisfies Readonly<Record<string, Right>>;

/** An HTTP operation, by its `operationId`. */
export type Operation = keyof typeof operationPolicy;
