import type { Installation } from './installation.ts';

/** A tenant of its own on an installation, run over HTTP as its host product would. */
export class Tenant {
  readonly #url: string;
  readonly #key: string;

  /** Makes a tenant; the installation was started with this operator key. */
  static async make(installation: Installation, operatorKey: string, id: string): Promise<Tenant> {
    const { url } = installation;
    const { api_key } = await call(`${url}/v1/tenants`, 'POST', operatorKey, { id, name: id });
    return new Tenant(url, api_key);
  }

  private constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async person(id: string, name: string, role = 'member'): Promise<void> {
    await call(`${this.#url}/v1/users/${id}`, 'PUT', this.#key, { name, role });
  }

  async token(id: string): Promise<string> {
    const { token } = await call(`${this.#url}/v1/users/${id}/tokens`, 'POST', this.#key, {});
    return token;
  }

  /** A group that this person makes; its id. */
  async group(owner: string, name: string, members: readonly string[]): Promise<string> {
    const input = { kind: 'group', name, members };
    const url = `${this.#url}/v1/conversations`;
    const { conversation, id } = await call(url, 'POST', await this.token(owner), input);
    return id ?? conversation.id;
  }

  /** Shuts a person out. */
  async deactivate(id: string): Promise<void> {
    await call(`${this.#url}/v1/users/${id}`, 'DELETE', this.#key);
  }

  /** Kills all tokens that a person has. */
  async revoke(id: string): Promise<void> {
    await call(`${this.#url}/v1/users/${id}/revoke`, 'POST', this.#key, {});
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read as the tests expect them
async function call(url: string, method: string, key: string, body?: object): Promise<any> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}
