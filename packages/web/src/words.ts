/**
 * Every word the page shows, in one place, so that another language is another such module.
 *
 * Short and human; no codes. Names come in as they are and are never changed.
 */
import type { ErrorCode } from '@parley/protocol';

const language = 'en';
const plural = new Intl.PluralRules(language);
const listed = new Intl.ListFormat(language, { type: 'conjunction' });

function counted(count: number, one: string, other: string): string {
  return plural.select(count) === 'one' ? `${count} ${one}` : `${count} ${other}`;
}

export const words = {
  language,
  product: 'Parley',
  titleWithUnread: (unread: number) => `(${unread > 99 ? '99+' : unread}) Parley`,

  signIn: {
    title: 'Who would you like to be?',
    lead: 'This is a demo with made-up people. Open a second window to be somebody else there and write to yourself.',
    people: 'People',
    signingIn: 'Signing in…',
    failed: 'That did not work. Try again in a moment.',
    startFailed: 'The server does not answer.',
    startFailedHint: 'Check that it is running and that you are connected.',
    absentTitle: 'You are not signed in',
    absentHint: 'Open your messages from the product that you use them with. It signs you in.',
    expiredTitle: 'Your sign-in has ended',
    expiredHint: 'Open your messages again from the product that you use them with.',
    unsentKept: 'What you had not sent is kept in this window until you are back.',
    endedTitle: 'You no longer have access',
    endedHint:
      'Your access to these messages has been taken away. If that seems wrong, ask whoever runs this service.',
    endedDemoAction: 'Be somebody else',
  },

  me: {
    menu: 'You and settings',
    appearance: 'Appearance',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    blocked: 'Blocked people',
    signOut: 'Be somebody else',
  },

  block: {
    block: (name: string) => `Block ${name}`,
    unblock: (name: string) => `Unblock ${name}`,
    title: (name: string) => `Block ${name}?`,
    hint: 'You can no longer write to each other here, and in groups you will not see what they write. They are not told. You can unblock them at any time.',
    action: 'Block',
    undo: 'Unblock',
    notice: (name: string) => `You blocked ${name}.`,
    nobody: 'You have not blocked anybody.',
    nobodyHint: 'You can block a person in the details of your conversation with them.',
    failed: 'The list could not be loaded.',
    listed: (name: string) => `You blocked ${name}. Unblock them first.`,
  },

  list: {
    title: 'Messages',
    label: 'Conversations',
    find: 'Find a conversation',
    findHint: (mac: boolean) => (mac ? '⌘K' : 'Ctrl K'),
    clearFind: 'Clear the search',
    start: 'New conversation',
    resize: 'Width of the list',
    empty: 'You have no conversations yet.',
    emptyAction: 'Start one',
    nothingFound: (text: string) => `No conversation matches “${text}”.`,
    failed: 'Your conversations could not be loaded.',
    loadingMore: 'Loading more conversations',
    you: 'You: ',
    from: (name: string) => `${name}: `,
    draft: 'Draft: ',
    noMessages: 'No messages yet',
    unread: (count: number) => counted(count, 'unread message', 'unread messages'),
    count: (count: number) => (count > 99 ? '99+' : String(count)),
  },

  people: {
    someone: 'Someone',
    you: 'You',
    /** To whom others do something. */
    youAsObject: 'you',
    yourself: 'yourself',
    several: (names: readonly string[], more: number) =>
      listed.format(more > 0 ? [...names, counted(more, 'other', 'others')] : names),
    count: (count: number) => counted(count, 'person', 'people'),
    online: 'Online',
    onlineCount: (people: number, online: number) =>
      `${counted(people, 'person', 'people')}, ${online} online`,
    lastSeen: (when: string) => `Last seen ${when}`,
    lastSeenJustNow: 'Last seen just now',
    offline: 'Offline',
    blocked: 'Blocked',
  },

  conversation: {
    none: 'Choose a conversation, or start a new one.',
    noneForGuest: 'Choose a conversation.',
    pane: (name: string) => `Conversation with ${name}`,
    messages: (name: string) => `Messages with ${name}`,
    back: 'Back to the list',
    details: 'Details',
    unnamed: 'Group',
    empty: 'No messages here yet. Write the first one.',
    beginning: (name: string) => `This is where your conversation with ${name} begins.`,
    beginningOfGroup: (name: string) => `This is where ${name} begins.`,
    failed: 'This conversation could not be loaded.',
    olderFailed: 'Earlier messages could not be loaded.',
    gone: 'This conversation is not yours to see, or you are no longer in it.',
    goneAction: 'Back to the list',
    goneUnsent: 'You had not sent this:',
    newLine: 'New',
    toLatest: 'Go to the latest message',
    toLatestWithCount: (count: number) =>
      `Go to the latest message, ${counted(count, 'unread message', 'unread messages')}`,
    typing: (names: readonly string[]) => {
      if (names.length > 2) return 'Several people are typing';
      return `${listed.format(names)} ${names.length === 1 ? 'is' : 'are'} typing`;
    },
    heard: (name: string, body: string) => `${name}: ${body}`,
    heardSeveral: (count: number) => counted(count, 'new message', 'new messages'),
  },

  message: {
    said: (name: string, time: string) => `${name}, ${time}: `,
    deleted: 'This message was deleted.',
    hidden: (count: number) =>
      count === 1
        ? 'Message from someone you blocked'
        : `${count} messages from people you blocked`,
    edited: 'edited',
    states: {
      queued: 'Waiting to be sent',
      failed: 'Not sent',
      sent: 'Sent',
      delivered: 'Delivered',
      read: 'Read',
    },
    readBy: (names: readonly string[]) => `Read by ${listed.format(names)}`,
    notSent: 'Not sent.',
    refusedDirect: 'You cannot write to each other here now.',
    slowed: 'Sending slowly. Your messages will go out.',
    retry: 'Tap to retry',
    discard: 'Delete',
    acts: {
      added: (actor: string, people: readonly string[]) =>
        `${actor} added ${listed.format(people)}`,
      removed: (actor: string, person: string) => `${actor} removed ${person}`,
      left: (actor: string) => `${actor} left`,
      renamed: (actor: string, name: string) => `${actor} named this conversation “${name}”`,
      madeOwner: (actor: string, person: string) => `${actor} made ${person} an owner`,
      madeAdmin: (actor: string, person: string) => `${actor} made ${person} an admin`,
      madeMember: (actor: string, person: string) => `${actor} made ${person} a plain member`,
      other: (actor: string) => `${actor} changed this conversation`,
    },
  },

  composer: {
    label: (name: string) => `Message ${name}`,
    placeholder: (name: string) => `Message ${name}`,
    send: 'Send',
    left: (count: number) => counted(count, 'character left', 'characters left'),
    over: (count: number) => counted(count, 'character too many', 'characters too many'),
  },

  newConversation: {
    title: 'New conversation',
    start: 'Start a conversation',
    find: 'Find people by name',
    found: 'People',
    chosen: 'Chosen people',
    unchoose: (name: string) => `Take out ${name}`,
    nobody: (text: string) => `Nobody was found for “${text}”.`,
    nobodyAtAll: 'There is nobody to choose from yet.',
    groupName: 'Name of the group',
    groupNameHint: 'Such as a project or a topic',
    direct: (name: string) => `Write to ${name}`,
    group: (count: number) => `Create a group of ${count}`,
  },

  details: {
    title: 'Details',
    close: 'Close the details',
    people: 'People',
    more: (count: number) => `and ${counted(count, 'other', 'others')}`,
    owner: 'Owner',
    admin: 'Admin',
    rename: 'Rename',
    name: 'Name of the group',
    save: 'Save',
    add: 'Add people',
    addThese: (count: number) => `Add ${counted(count, 'person', 'people')}`,
    actsOn: (name: string) => `What you can do with ${name}`,
    actsOnMe: 'What you can do with your place here',
    makeAdmin: 'Make admin',
    unmakeAdmin: 'Remove as admin',
    makeOwner: 'Make owner',
    unmakeOwner: 'Remove as owner',
    makeOwnerTitle: (name: string) => `Make ${name} an owner?`,
    makeOwnerHint:
      'Owners can do everything in this group: change its name, add and remove people, and give and take roles, yours as well.',
    makeOwnerAction: 'Make owner',
    stepDown: 'Step down as owner',
    stepDownTitle: 'Step down as owner?',
    stepDownHint: 'You stay in the group. Only another owner can make you one again.',
    stepDownAction: 'Step down',
    roleRefused:
      'Their role cannot be changed: a group keeps an owner, and guests stay plain members.',
    remove: 'Remove from the group',
    leave: 'Leave the group',
    leaveTitle: (name: string) => `Leave ${name}?`,
    leaveHint: 'You will get no more messages from it. Somebody in it can add you again.',
    leaveAction: 'Leave',
    removeTitle: (name: string) => `Remove ${name}?`,
    removeHint: 'They will get no more messages from this group.',
    removeAction: 'Remove',
    removeRefused: 'You cannot remove them: their role is not below yours.',
  },

  connection: {
    offline: 'Waiting for the network. Your messages will be sent.',
    connecting: 'Connecting…',
    reconnecting: 'Connecting again…',
    tryNow: 'Try now',
  },

  action: {
    retry: 'Try again',
    cancel: 'Cancel',
    close: 'Close',
    loading: 'Loading',
  },

  shortcuts: {
    title: 'Keyboard',
    find: 'Find a conversation',
    move: 'Move in the list',
    open: 'Open the conversation',
    send: 'Send the message',
    newLine: 'Start a new line',
    close: 'Close what is on top',
    show: 'Show this sheet',
  },

  /** What went wrong, in words that a person can act on. */
  problem: (code: ErrorCode | undefined): string => {
    switch (code) {
      case 'not_allowed':
        return 'You may not do that here.';
      case 'not_found':
        return 'It is not there any more.';
      case 'too_many':
        return 'That is more than fits here.';
      case 'too_large':
      case 'bad_request':
        return 'That cannot be sent like this. Change it and try again.';
      case 'unavailable':
        return 'There is no connection just now. Try again when it is back.';
      case 'rate_limited':
        return 'That was a little fast. Wait a moment.';
      case 'unauthorized':
      case 'origin_refused':
        return 'Your sign-in has ended.';
      default:
        return 'That did not work. Try again in a moment.';
    }
  },
} as const;
