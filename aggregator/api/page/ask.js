// Calls of the API. A problem (RFC 9457) is thrown as a Problem.
const tokenKey = "actiontrail-token";

export class Problem extends Error {
  constructor(p) {
    super(p.detail || p.title);
    Object.assign(this, { status: p.status, parameter: p.parameter, position: p.position, hint: p.hint });
  }
}

export function useToken(token) { sessionStorage.setItem(tokenKey, token); }
export const hasToken = () => Boolean(sessionStorage.getItem(tokenKey));

export async function ask(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, v]) => v !== undefined && v !== "");
  const headers = { Accept: "application/json" };
  const token = sessionStorage.getItem(tokenKey);
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(path + (given.length ? "?" + new URLSearchParams(given) : ""), { headers });
  } catch {
    throw new Problem({ status: 0, title: "The server cannot be reached", hint: "is it running?" });
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok || body === null) throw new Problem(body ?? { status: answer.status, title: `The server answered ${answer.status}` });
  return body;
}
