import type { Answer } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { Canaries } from './canaries.ts';
import { makeCredentials, type Shown } from './credentials.ts';
import { aboutConversation, conversationId, type Recipe, recipes } from './http-recipes.ts';
import { type ConversationName, conversationNames, placeOf } from './people.ts';
import { checkUntouched } from './untouched.ts';
import { makeWorld, type World } from './world.ts';

interface Described {
  readonly operation: keyof typeof recipes;
  readonly method: string;
  readonly path: string;
}

/** Every operation of the description, by every kind of credential, about what is theirs and not. */
export async function checkHttp(run: Run, server: Installed): Promise<number> {
  const world = await makeWorld(run, server);
  const credentials = await makeCredentials(server, world);
  const described = await readDescription(run, server);
  const matrix = new HttpMatrix(run, server, world);
  for (const one of run.random.shuffled(described)) {
    for (const shown of run.random.shuffled(credentials)) await matrix.check(one, shown);
    matrix.compareRefusals(one);
  }
  // What was refused has ended nobody's access.
  for (const { credential, bearer, name } of credentials) {
    if (credential.kind !== 'person') continue;
    const { status } = await server.call(
      'GET',
      '/v1/conversations',
      bearer === undefined ? {} : { bearer },
    );
    run.expect(status === 200, `${name} is locked out by what others were refused: ${status}`);
  }
  await world.close();
  await checkUntouched(run, server, world);
  return matrix.cells;
}

async function readDescription(run: Run, server: Installed): Promise<Described[]> {
  const { body } = await server.call('GET', '/openapi.json');
  // The server's own description, which its tests hold to OpenAPI's schema.
  const { paths } = body as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId = `${method} ${path}` }]) => ({
      path,
      method: method.toUpperCase(),
      operationId,
    })),
  );
  return described.flatMap(({ operationId, ...rest }) => {
    if (Object.hasOwn(recipes, operationId)) {
      return [{ ...rest, operation: operationId as keyof typeof recipes }];
    }
    run.fail(`the matrix has no recipe for ${operationId}`);
    return [];
  });
}

class HttpMatrix {
  readonly #run: Run;
  readonly #server: Installed;
  readonly #world: World;
  readonly #canaries: Canaries;
  #refusals = new Set<string>();
  cells = 0;

  constructor(run: Run, server: Installed, world: World) {
    this.#run = run;
    this.#server = server;
    this.#world = world;
    this.#canaries = new Canaries(world);
  }

  async check(one: Described, shown: Shown): Promise<void> {
    const recipe = recipes[one.operation];
    if (aboutConversation.includes(one.operation)) {
      for (const name of conversationNames) {
        await this.#call(one, shown, recipe, conversationId(this.#world, name), name);
      }
      return;
    }
    if (recipe.named === undefined) {
      await this.#call(one, shown, recipe, '', undefined);
      return;
    }
    const own = await recipe.named.own(this.#world, this.#server);
    const answer = await this.#call(one, shown, recipe, own, undefined);
    const { credential } = shown;
    const stranger = credential.kind === 'key' && credential.tenant === 'rival';
    // To another tenant's key it is as if it were invented; people's ids are everybody's own.
    if (!stranger || recipe.named.people === true || recipe.may.who === 'operator') return;
    const twin = await this.#send(one, shown, recipe, recipe.named.invented);
    const same = normal(answer, own) === normal(twin, recipe.named.invented);
    this.#run.expect(same, `${one.operation} by ${shown.name}: foreign and invented differ`);
  }

  /** Whatever was shown that is no good: the same bytes. */
  compareRefusals({ operation }: Described): void {
    const refusals = [...this.#refusals];
    this.#run.expect(
      refusals.length <= 1,
      `${operation}: refusals differ: ${refusals.join(' / ')}`,
    );
    this.#refusals = new Set();
  }

  async #call(
    one: Described,
    shown: Shown,
    recipe: Recipe,
    id: string,
    name: ConversationName | undefined,
  ): Promise<Answer> {
    const answer = await this.#send(one, shown, recipe, id);
    const where = `${one.operation} by ${shown.name}: ${name ?? id}`;
    const expected = this.#expected(shown, recipe, name, one);
    this.cells++;
    this.#run.expect(
      expected.includes(answer.status),
      `${where}: ${answer.status} instead of ${expected.join(' or ')} (${answer.text.slice(0, 200)})`,
    );
    if (answer.status === 401 && shown.bearer !== undefined) this.#refusals.add(normal(answer, id));
    if (shown.credential.kind === 'person') {
      this.#canaries.check(this.#run, shown.credential.actor, [answer.text]);
      if (answer.status === 404 && name !== undefined) {
        const twin = await this.#send(one, shown, recipe, conversationId(this.#world, 'invented'));
        const same = normal(twin, '') === normal(answer, '');
        this.#run.expect(same, `${where}: differs from what does not exist`);
      }
    }
    return answer;
  }

  #send({ method, path }: Described, { bearer }: Shown, recipe: Recipe, id: string) {
    const filled = path.replace(/\{\w+\}/, encodeURIComponent(id === '' ? 'x' : id));
    return this.#server.call(method, filled, {
      ...(bearer === undefined ? {} : { bearer }),
      ...(recipe.body === undefined ? {} : { body: recipe.body(this.#world) }),
    });
  }

  #expected(
    { credential }: Shown,
    { may, ok, named }: Recipe,
    name: ConversationName | undefined,
    { operation }: Described,
  ): readonly number[] {
    switch (may.who) {
      case 'anyone':
        return ok;
      case 'operator':
        return credential.kind === 'operator' ? ok : [401];
      case 'key':
        if (credential.kind === 'operator') return may.operatorToo === true ? ok : [401];
        if (credential.kind !== 'key') return [401];
        if (credential.scope !== 'all' && credential.scope !== may.scope) return [403];
        if (credential.tenant === 'acme' || named === undefined) return ok;
        // A person of this id is made, or is not there, in the caller's own tenant.
        return named.people === true ? [...ok, 404] : [404];
      case 'person': {
        if (credential.kind !== 'person') return [401];
        if (credential.actor === 'guest' && may.guests === false) return [403];
        if (may.in !== true || name === undefined) return ok;
        if (placeOf(credential.actor, name) === undefined) return [404];
        return operation === 'sendMessage' && name === 'blockedDirect' ? [403] : ok;
      }
    }
  }
}

/** An answer without what differs by nature: its time, the request's id, the id that was asked for. */
function normal({ status, headers, text }: Answer, id: string): string {
  const { date, 'x-request-id': request, ...rest } = headers;
  const without = [date, request, id].filter(
    (one): one is string => typeof one === 'string' && one !== '',
  );
  let all = JSON.stringify([status, rest, text]);
  for (const one of without) all = all.replaceAll(one, '');
  return all;
}
