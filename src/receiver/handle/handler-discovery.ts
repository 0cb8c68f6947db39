import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { HANDLER_METADATA, type HandlerMetadata } from './decorators.js';
import { HandlerSetupError } from './errors.js';
import { type Handler, HandlerRegistry } from './handler-registry.js';

type Method = Handler['run'];

/** Finds the decorated methods of all providers and controllers of the application, once all of them are there. */
@Injectable()
export class HandlerDiscovery {
  private readonly reflector = new Reflector();
  private readonly scanner = new MetadataScanner();

  constructor(@Inject(DiscoveryService) private readonly discovery: DiscoveryService) {}

  /**
   * The handlers of one producer's events.
   *
   * @throws HandlerSetupError
   */
  registryOf(producer: string): HandlerRegistry {
    return new HandlerRegistry(producer, this.handlers(producer));
  }

  private handlers(producer: string): Handler[] {
    const found: Handler[] = [];
    // A provider under a second token (useExisting) is the same object, and no second handler.
    const seen = new Set<object>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const prototype = prototypeOf(wrapper);
      if (!prototype) continue;
      for (const { method, metadata } of this.handlersOn(prototype)) {
        const name = `${wrapper.name}.${method}`;
        if (!wrapper.isDependencyTreeStatic()) throw scoped(name);
        const instance = wrapper.instance as Record<string, Method> | undefined;
        if (!instance || seen.has(instance)) continue;
        if (metadata.producer !== undefined && metadata.producer !== producer) continue;
        const { pattern, transaction = true } = metadata;
        found.push({
          name,
          pattern,
          transaction,
          run: (event, context) => instance[method]?.(event, context),
        });
      }
      if (typeof wrapper.instance === 'object' && wrapper.instance) seen.add(wrapper.instance);
    }
    return found;
  }

  private handlersOn(prototype: object): { method: string; metadata: HandlerMetadata }[] {
    return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
      const run = (prototype as Record<string, unknown>)[method];
      if (typeof run !== 'function') return [];
      const metadata = this.reflector.get<HandlerMetadata | undefined>(HANDLER_METADATA, run);
      return metadata ? [{ method, metadata }] : [];
    });
  }
}

/** Scoped providers have no instance yet, only a class. */
function prototypeOf({ instance, metatype }: InstanceWrapper): object | undefined {
  const found: unknown =
    typeof instance === 'object' && instance !== null ? Object.getPrototypeOf(instance) : metatype?.prototype;
  return typeof found === 'object' && found !== null ? found : undefined;
}

function scoped(name: string): HandlerSetupError {
  return new HandlerSetupError(
    `${name} is in a request-scoped provider, but events come without a request. Give the provider the default scope.`,
  );
}
