import { Link } from "@tanstack/react-router";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { Receivers } from "../trails/Receivers.tsx";
import { useTrails } from "../trails/useTrails.ts";
import classes from "./Status.module.css";

/** Who refused to be told of objects, and telling them again; nothing while nobody does. */
export function Refused() {
  const t = useT();
  const { data } = useTrails();
  const found = (data ?? []).flatMap((trail) => trail.deliver.map((delivery) => ({ trail: trail.name, delivery: delivery.name, all: (delivery.notify ?? []).filter((r) => r.refused > 0 || r.lastError) }))).filter(({ all }) => all.length > 0);
  if (found.length === 0) return null;
  return (
    <Surface className={classes.card} aria-label={t("status.refused")}>
      <h2 className={classes.title}>{t("status.refused")}</h2>
      <p className={classes.hint}>{t("status.refusedHint")}</p>
      {found.map(({ trail, delivery, all }) => (
        <section key={`${trail} ${delivery}`} aria-label={`${trail} · ${delivery}`}>
          <Link to="/trails" search={{ trail }} className={classes.link}>
            {trail} · {delivery}
          </Link>
          <Receivers trail={trail} all={all} />
        </section>
      ))}
    </Surface>
  );
}
