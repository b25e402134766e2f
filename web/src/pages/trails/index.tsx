import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { TrailDetail } from "./TrailDetail.tsx";
import { TrailList } from "./TrailList.tsx";

const TrailForm = lazy(() => import("./TrailForm.tsx"));
const route = getRouteApi("/trails");

/** Where events are delivered to: all trails, one of them, or one that is being written. */
export function Trails() {
  const { trail, form } = route.useSearch();
  if (form) {
    return (
      <Suspense>
        <TrailForm key={`${form} ${trail}`} name={form === "edit" ? trail : undefined} />
      </Suspense>
    );
  }
  return trail ? <TrailDetail key={trail} name={trail} /> : <TrailList />;
}
