import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';
import type { DatabaseObserver } from './database-observer';
import type { Sql } from './sql';

export interface Transaction {
  sql: Sql;
  entities: EntityManager;
  /** To be told once it is durable. */
  readonly afterCommit: (() => void)[];
}

/**
 * Opens the transaction in which all writes happen, and carries it to the repositories.
 *
 * `run` resolves when the work is durable; if it throws, nothing of it is. Work that calls `run` again joins in.
 * Nothing inside may await anything but the database: others are waiting behind it.
 */
export abstract class UnitOfWork {
  private readonly ambient = new AsyncLocalStorage<Transaction>();

  constructor(private readonly observer: DatabaseObserver) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    return this.find() ? work() : this.observer.unit(work, (observed) => this.transact(observed));
  }

  /**
   * Has `tell` called once the ambient transaction is durable, in the order of commits and before `run` resolves. It
   * must neither throw nor wait.
   */
  afterCommit(tell: () => void): void {
    this.current().afterCommit.push(tell);
  }

  /** Statements inside the ambient transaction. */
  get sql(): Sql {
    return this.current().sql;
  }

  /** The ORM inside the ambient transaction. */
  get entities(): EntityManager {
    return this.current().entities;
  }

  /** The ambient transaction, for those that do without one too. */
  find(): Transaction | undefined {
    return this.ambient.getStore();
  }

  /** Whether this process alone writes the database, so that whatever others left unfinished there is abandoned. */
  abstract readonly isExclusive: boolean;

  /** Until all is durable that others can see by now; null when it is. */
  get settled(): Promise<void> | null {
    return null;
  }

  protected abstract transact<T>(work: () => Promise<T>): Promise<T>;

  protected inside<T>(transaction: Transaction, work: () => Promise<T>): Promise<T> {
    return this.ambient.run(transaction, work);
  }

  private current(): Transaction {
    const transaction = this.find();
    if (!transaction) throw new Error('A write outside of UnitOfWork.run() would be lost with a foreign rollback.');
    return transaction;
  }
}
