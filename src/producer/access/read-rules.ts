import { Inject, Injectable } from '@nestjs/common';
import type { ErasureStore } from '../log/erasure-store.js';
import type { ProducerDatabase } from '../producer-database.js';
import { PRODUCER_DATABASE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { EventTypesService } from '../subscriptions/event-types.service.js';
import { FieldRules } from './field-rules.js';
import { KeyCache } from './key-cache.js';

/**
 * What every reading depends on and any node may change: the sensitive fields, and how far erasures have come. Read at most once a second, and
 * at once after a change by this process.
 */
@Injectable()
export class ReadRules {
  private readonly cache: KeyCache<'rules', FieldRules>;
  private readonly erasures: Pick<ErasureStore, 'epoch'>;
  private readonly listeners: (() => void)[] = [];
  private declared = '';
  private compiled = new FieldRules([]);
  private epoch = 0;

  constructor(
    @Inject(EventTypesService) private readonly eventTypes: EventTypesService,
    @Inject(PRODUCER_DATABASE) { erasures }: Pick<ProducerDatabase, 'erasures'>,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.erasures = erasures;
    this.cache = new KeyCache(() => this.read(), options.now ?? Date.now);
    eventTypes.onChange(() => this.forget());
  }

  /** At once, without a promise, if they were read within the last second. */
  now(): FieldRules | Promise<FieldRules> {
    const rules = this.cache.get('rules');
    return rules instanceof Promise ? rules.then(given) : given(rules);
  }

  /** The next reading asks the database. */
  forget(): void {
    this.cache.forget('rules');
  }

  /** Calls back when payloads were erased, by whatever node, before anything is read by newer rules. */
  onErased(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Payloads are gone: copies are dropped now. */
  erased(): void {
    for (const listener of this.listeners) listener();
  }

  private async read(): Promise<FieldRules> {
    const [types, epoch] = await Promise.all([this.eventTypes.sensitive(), this.erasures.epoch()]);
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.erased();
    }
    const declared = JSON.stringify(types);
    // Compiled once for as long as nothing changes.
    if (declared !== this.declared) {
      this.compiled = new FieldRules(types);
      this.declared = declared;
    }
    return this.compiled;
  }
}

/** Never without rules: they would be taken for "nothing is withheld". */
function given(rules: FieldRules | undefined): FieldRules {
  if (!rules) throw new Error('There are no rules to read by');
  return rules;
}
