import { ConsoleLogger } from '@nestjs/common';

/** Nest's account of how it put the application together: of interest to nobody who runs the service. */
const ASSEMBLY = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Lines to read in development, one JSON object a line in production. */
export class ServiceLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && ASSEMBLY.has(context)) return;
    super.log(message, ...rest);
  }

  /** While the database is waited for, the application is put together again and again, on a DataSource of the same name. */
  override warn(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'DataSourceNameRegistry') super.warn(message, ...rest);
  }

  /** Why the service does not start is said once, by whoever started it. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'ExceptionHandler') super.error(message, ...rest);
  }
}
