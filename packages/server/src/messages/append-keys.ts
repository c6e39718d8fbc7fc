import type { OutgoingMessage } from './append.ts';

/** A conversation of a group, by its number in it. */
interface ConversationKey {
  readonly tenant: string;
  readonly id: string;
}

interface Use {
  /** Numbers, from 0, of the conversation and of the sender's place in it. */
  readonly conversation: number;
  readonly member: number;
}

/** The keys of a group of messages, each once, and which message uses which. */
export class AppendKeys {
  readonly messages: readonly OutgoingMessage[];
  /** Messages that reply to another, and their place in the group. */
  readonly quotes: { readonly message: OutgoingMessage; readonly index: number }[] = [];
  readonly #conversations: ConversationKey[] = [];
  readonly #members: { readonly conversation: number; readonly user: string }[] = [];
  readonly #uses: Use[] = [];

  constructor(messages: readonly OutgoingMessage[]) {
    this.messages = messages;
    const conversations = new Map<string, number>();
    const members = new Map<string, number>();
    messages.forEach((message, index) => {
      const { tenant, conversation: id, sender: user } = message;
      const conversationKey = `${tenant} ${id}`;
      let conversation = conversations.get(conversationKey);
      if (conversation === undefined) {
        conversation = this.#conversations.length;
        conversations.set(conversationKey, conversation);
        this.#conversations.push({ tenant, id });
      }
      const memberKey = `${conversation} ${user}`;
      let member = members.get(memberKey);
      if (member === undefined) {
        member = this.#members.length;
        members.set(memberKey, member);
        this.#members.push({ conversation, user });
      }
      this.#uses.push({ conversation, member });
      if (message.replyTo !== null) this.quotes.push({ message, index });
    });
  }

  /** Conversation and place of the message with this index. */
  use(index: number): Use | undefined {
    return this.#uses[index];
  }

  conversation(number: number): ConversationKey | undefined {
    return this.#conversations[number];
  }

  conversations(): unknown[] {
    return [this.#conversations.map((one) => one.tenant), this.#conversations.map((one) => one.id)];
  }

  members(): unknown[] {
    const conversations = this.#members.map((one) => this.#conversations[one.conversation]);
    return [
      conversations.map((one) => one?.tenant),
      conversations.map((one) => one?.id),
      this.#members.map((one) => one.user),
    ];
  }

  ids(): unknown[] {
    return [
      this.messages.map((one) => one.tenant),
      this.messages.map((one) => one.conversation),
      this.messages.map((one) => one.id),
    ];
  }

  quotedIds(): unknown[] {
    const messages = this.quotes.map((one) => one.message);
    return [
      messages.map((one) => one.tenant),
      messages.map((one) => one.conversation),
      messages.map((one) => one.replyTo),
      messages.map((one) => one.sender),
    ];
  }
}
