import { HandlerDiscovery } from './handler-discovery.js';
import type { Handler, HandlerRegistry } from './handler-registry.js';

/** The handlers of one producer's events, known from the moment when the application's providers are all there. */
export class HandlerSet {
  private registry: HandlerRegistry | undefined;

  constructor(
    private readonly discovery: HandlerDiscovery,
    private readonly producer: string,
  ) {}

  /** @throws HandlerSetupError */
  discover(): void {
    this.registry = this.discovery.registryOf(this.producer);
  }

  handlerOf(type: string): Handler {
    return this.found.handlerOf(type);
  }

  /** What the application asks for by name: types and `prefix.*`. */
  get patterns(): string[] {
    return this.found.patterns;
  }

  private get found(): HandlerRegistry {
    if (!this.registry) throw new Error('The handlers are discovered in onModuleInit; it is too early to handle');
    return this.registry;
  }
}
