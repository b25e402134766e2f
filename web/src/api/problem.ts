import type { components } from "./schema.gen.ts";

type Body = components["schemas"]["Problem"];

/** Why a call was not answered: an RFC 9457 problem of the server, or status 0 when it could not be reached. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly hint?: string;
  /** What of the call is wrong, such as `query`. */
  readonly parameter?: string;
  /** Where in it, in characters (code points) from 0. */
  readonly position?: number;
  /** Under which the server's log has more. */
  readonly request?: string;

  constructor(status: number, body: Partial<Body>, request?: string) {
    super(body.detail ?? body.title ?? `status ${status}`);
    this.name = "Problem";
    this.status = status;
    this.title = body.title ?? "";
    this.detail = body.detail;
    this.hint = body.hint;
    this.parameter = body.parameter;
    this.position = body.position;
    this.request = request;
  }

  /** Whether the same call may do better later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** The problem that an answer tells; of an answer that is none of ours, what can be said. */
export async function problemOf(answer: Response): Promise<Problem> {
  let body: Partial<Body> = {};
  if (/json/.test(answer.headers.get("Content-Type") ?? "")) {
    body = (await answer.json().catch(() => ({}))) as Partial<Body>;
  }
  return new Problem(answer.status, body, answer.status >= 500 ? (answer.headers.get("X-Request-Id") ?? undefined) : undefined);
}
