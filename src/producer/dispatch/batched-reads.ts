/** Reads that are asked for in the same turn of the event loop, as one; each key once. */
export class BatchedReads<Request, Answer> {
  private readonly answers = new Map<string, Promise<Answer>>();
  private waiting: { request: Request; resolve(answer: Answer): void; reject(error: unknown): void }[] = [];

  /** `read` answers in the order of the requests. */
  constructor(private readonly read: (requests: readonly Request[]) => Promise<readonly Answer[]>) {}

  get(key: string, request: Request): Promise<Answer> {
    let answer = this.answers.get(key);
    if (!answer) {
      answer = new Promise<Answer>((resolve, reject) => {
        this.waiting.push({ request, resolve, reject });
        if (this.waiting.length === 1) setImmediate(() => void this.flush());
      });
      this.answers.set(key, answer);
    }
    return answer;
  }

  private async flush(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    try {
      const answers = await this.read(waiting.map(({ request }) => request));
      waiting.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer === undefined) reject(new Error('A read was answered with too little'));
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
