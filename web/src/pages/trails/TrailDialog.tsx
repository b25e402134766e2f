import { useNavigate } from "@tanstack/react-router";
import { useT } from "../../i18n/LanguageProvider.tsx";
import Confirm from "../../ui/Confirm.tsx";
import { notify } from "../../ui/notify.ts";
import { deleteTrail, startTrail, stopTrail, useTrailCall } from "./useTrails.ts";

const calls = { start: startTrail, stop: stopTrail, delete: deleteTrail };

/** Starts, stops or deletes a trail, once it was said what that means. */
export default function TrailDialog({ what, name, onClose }: { what: keyof typeof calls; name: string; onClose: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const call = useTrailCall<string>(calls[what], () => {
    void notify(t(`trails.${what}Done`, { name }));
    onClose();
    if (what === "delete") void navigate({ to: "/trails", search: {} });
  });
  return (
    <Confirm
      title={t(`trails.${what}Title`, { name })}
      detail={t(`trails.${what}Means`)}
      act={t(`trails.${what}`)}
      danger={what !== "start"}
      pending={call.isPending}
      error={call.error}
      onAct={() => call.mutate(name)}
      onClose={onClose}
    />
  );
}
