import { type AccessReading, type AskedAccess, readAccesses } from '../access/read-access.ts';
import type { Database } from '../db/database.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import { SharedQuestions } from '../limits/shared-questions.ts';
import type { Scope, Session } from '../scope.ts';
import { type AdmittedUser, admitUser } from './admit-user.ts';

interface AdmissionsOptions {
  readonly db: Database;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
}

interface Door {
  readonly scope: Scope;
  readonly session: Session;
}

const peoplePerQuestion = 250;

/** Admits people; those of a tenant who come together share one question, so a storm stays cheap. */
export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #questions: SharedQuestions<AskedAccess, AccessReading>;

  constructor(options: AdmissionsOptions) {
    const { db, turns } = options;
    this.#options = options;
    this.#questions = new SharedQuestions({
      most: peoplePerQuestion,
      answer: (tenant, asked) =>
        turns.take(tenant, () => readAccesses(db.of(tenant), tenant, asked)),
    });
  }

  /** As `admitUser`. Asked after this call, so whoever listens before misses no end of access. */
  async admit({ scope, session }: Door, input: { readonly name?: string }): Promise<AdmittedUser> {
    const { db, turns } = this.#options;
    const { tenant, user } = scope;
    const read = await this.#questions.ask(tenant, { user, session });
    const door = { scope, session, db: db.of(tenant) };
    if (read.fault !== null || read.person !== null) return admitUser(door, input, read);
    return turns.take(tenant, () => admitUser(door, input, read));
  }
}
