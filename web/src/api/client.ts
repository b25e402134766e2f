import createClient from "openapi-fetch";
import { Problem, problemOf } from "./problem.ts";
import type { components, paths } from "./schema.gen.ts";
import { needToken, token } from "./token.ts";

/** What the API answers with, by the names of openapi.yaml. */
export type Schemas = components["schemas"];

/** fetch with the token of this tab; every answer that is no success is thrown as a Problem. */
export async function call(request: Request): Promise<Response> {
  const held = token();
  if (held) request.headers.set("Authorization", `Bearer ${held}`);
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Problem(0, {});
  }
  if (answer.ok) return answer;
  if (answer.status === 401) needToken();
  throw await problemOf(answer);
}

/** The client that openapi.yaml describes: `const page = taken(await api.GET("/api/v1/events", …))`. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: call });

/** The body of an answer: call threw if there is none. */
export function taken<T>(answer: { data?: T }): T {
  if (answer.data === undefined) throw new Problem(0, {});
  return answer.data;
}
