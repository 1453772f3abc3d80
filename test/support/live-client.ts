/** A client of `/v1/live` over Server-Sent Events, as a browser's EventSource reads them. Boundary: tests only. */
import type { LiveHour } from '../../src/api/live/city-feed.ts';

export interface Received extends LiveHour {
  id: string;
}

export class LiveClient {
  readonly #abort = new AbortController();
  readonly events: Received[] = [];
  /** Comments and fields beside events. */
  readonly other: string[] = [];
  #reading: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** @throws where the answer is not 200. */
  static async open(url: string, lastEventId?: string): Promise<LiveClient> {
    const client = new LiveClient();
    const headers = { Accept: 'text/event-stream', ...(lastEventId && { 'Last-Event-ID': lastEventId }) };
    const response = await fetch(url, { headers, signal: client.#abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${String(response.status)} ${await response.text()}`);
    client.#reading = client.#read(response.body);
    return client;
  }

  get lastEventId(): string {
    return this.events.at(-1)?.id ?? '';
  }

  /** True where the stream has come to its end. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The newest event of each key. */
  newest(): Map<string, Received> {
    return new Map(
      this.events.map((event) => [`${event.district} ${event.kind} ${event.metric} ${event.hour}`, event]),
    );
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.other.push(String(error));
    }
    this.#hasEnded = true;
  }

  #take(block: string): void {
    const found = /^id: (.+)\nevent: hour\ndata: (.+)$/.exec(block);
    if (found === null) this.other.push(block);
    else this.events.push({ id: found[1] ?? '', ...(JSON.parse(found[2] ?? '') as LiveHour) });
  }
}
