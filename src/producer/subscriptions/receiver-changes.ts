import { Injectable } from '@nestjs/common';
import type { ReceiverId } from '../../protocol/ids.js';

export type ReceiverChangeListener = (receiver: ReceiverId) => void;

/** Tells whoever remembers something of a receiver, within this process, that it changed. Called after the commit. */
@Injectable()
export class ReceiverChanges {
  private readonly listeners: ReceiverChangeListener[] = [];

  subscribe(listener: ReceiverChangeListener): void {
    this.listeners.push(listener);
  }

  changed(receiver: ReceiverId): void {
    for (const listener of this.listeners) listener(receiver);
  }
}
