import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { wholeEnglish } from "../i18n/english.ts";
import { readAgentsSearch } from "../pages/agents/address.ts";
import { readEventsSearch } from "../pages/events/address.ts";
import { readInvestigateSearch } from "../pages/investigate/address.ts";
import { readStatusSearch } from "../pages/status/address.ts";
import { readTrailsSearch } from "../pages/trails/address.ts";
import { readSearch, writeSearch } from "./search.ts";
import { Lost } from "./Lost.tsx";
import { Shell } from "./Shell.tsx";

/** Loads a page together with its words. */
function spoken<T>(page: () => Promise<T>): () => Promise<T> {
  return async () => {
    const [loaded] = await Promise.all([page(), wholeEnglish()]);
    return loaded;
  };
}

/*
 * Paths, not hashes: an address is what colleagues send each other, and the
 * server answers each path that is no file with index.html.
 */
const root = createRootRoute({ component: Shell, notFoundComponent: Lost });
const at = { getParentRoute: () => root } as const;

const events = createRoute({
  ...at,
  path: "/",
  validateSearch: readEventsSearch,
  component: lazyRouteComponent(() => import("../pages/events/index.tsx"), "Events"),
});
const investigate = createRoute({
  ...at,
  path: "/investigate",
  validateSearch: readInvestigateSearch,
  component: lazyRouteComponent(spoken(() => import("../pages/investigate/index.tsx")), "Investigate"),
});
const trails = createRoute({ ...at, path: "/trails", validateSearch: readTrailsSearch, component: lazyRouteComponent(spoken(() => import("../pages/trails/index.tsx")), "Trails") });
const agents = createRoute({ ...at, path: "/agents", validateSearch: readAgentsSearch, component: lazyRouteComponent(spoken(() => import("../pages/agents/index.tsx")), "Agents") });
const integrity = createRoute({ ...at, path: "/integrity", component: lazyRouteComponent(spoken(() => import("../pages/integrity/index.tsx")), "Integrity") });
const status = createRoute({ ...at, path: "/status", validateSearch: readStatusSearch, component: lazyRouteComponent(spoken(() => import("../pages/status/index.tsx")), "Status") });
const settings = createRoute({ ...at, path: "/settings", component: lazyRouteComponent(spoken(() => import("../pages/settings/index.tsx")), "Settings") });
const shortLink = createRoute({ ...at, path: "/s/$name", component: lazyRouteComponent(() => import("./ShortLink.tsx"), "ShortLink") });

export const router = createRouter({
  routeTree: root.addChildren([events, investigate, trails, agents, integrity, status, settings, shortLink]),
  parseSearch: readSearch,
  stringifySearch: writeSearch,
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
