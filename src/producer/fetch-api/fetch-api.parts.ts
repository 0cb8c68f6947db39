import type { Provider, Type } from '@nestjs/common';
import { OWN_ENDPOINT_CONTROLLERS, OWN_ENDPOINT_PROVIDERS } from '../endpoint-api/endpoint-api.parts.js';
import { AccessNote } from './access-note.js';
import { AppendLogWatcher } from './append-log-watcher.js';
import { BatchRead } from './batch-read.js';
import { EventReader } from './event-reader.js';
import { EventTypesController } from './event-types.controller.js';
import { EventsController } from './events.controller.js';
import { FeedReader } from './feed-reader.js';
import { Feed } from './feed.js';
import { LogWatcher } from './log-watcher.js';
import { ProgressController } from './progress.controller.js';
import { ProgressRecorder } from './progress-recorder.js';
import { LiveView } from './live-view.js';
import { ShownEvents } from './shown-events.js';

/** In the order of the document. */
export const FETCH_API_CONTROLLERS: Type[] = [
  EventsController,
  ProgressController,
  EventTypesController,
  ...OWN_ENDPOINT_CONTROLLERS,
];

/** What the controllers need beside the services of the steps. */
export const FETCH_API_PROVIDERS: Provider[] = [
  AccessNote,
  BatchRead,
  EventReader,
  Feed,
  FeedReader,
  LiveView,
  ProgressRecorder,
  ...OWN_ENDPOINT_PROVIDERS,
  ShownEvents,
  { provide: LogWatcher, useClass: AppendLogWatcher },
];
