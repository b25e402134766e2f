import { Button } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import classes from "./Proposals.module.css";

const atFirst = 8;

/** What one mapper lacks: the requests that no route of it names, and the lines for them, ready to be copied. */
export function Proposals({ of }: { of: Schemas["UnmappedRequests"] }) {
  const t = useT();
  const format = useFormat();
  const [all, setAll] = useState(false);
  const routes = all ? of.routes : of.routes.slice(0, atFirst);
  const left = of.proposed - of.routes.length;
  const title = of.mapper ? t("agents.forMapper", { name: of.mapper }) : t("agents.forSource", { name: of.sources[0]?.split("/").pop() ?? "" });
  return (
    <section className={classes.of} aria-label={title}>
      <h3 className={classes.title}>{title}</h3>
      <p className={classes.where}>
        {t("agents.withoutRoute", { n: format.number(of.events), sources: shortened(of.sources) })}
        {left > 0 && ` ${t("agents.moreRoutes", { n: format.number(left) })}`}
      </p>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("agents.requestsOf", { name: title })}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th>{t("agents.requests")}</th>
              <th>{t("agents.pattern")}</th>
              <th>{t("agents.action")}</th>
              <th>{t("agents.sample")}</th>
            </tr>
          </thead>
          <tbody>
            {routes.map((route) => (
              <tr key={route.pattern}>
                <td>{format.number(route.count)}</td>
                <td className="mono">{route.pattern}</td>
                <td>{route.ignore ? <span className="dim">{t("agents.toIgnore")}</span> : `${route.service}: ${route.action}`}</td>
                <td className="mono dim">{route.example}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {of.routes.length > atFirst && (
        <Button variant="subtle" size="compact-sm" mt={4} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("agents.fewerRoutes") : t("agents.allRoutes", { n: format.number(of.routes.length) })}
        </Button>
      )}
      <div className={classes.lines}>
        <CopyBlock name={t("agents.linesOf", { name: title })} label={t("agents.copyLines")} text={of.hcl} />
      </div>
    </section>
  );
}

/** A fleet can have hundreds of them. */
function shortened(sources: string[]): string {
  return sources.length > 6 ? `${sources.slice(0, 6).join(", ")} … (${sources.length})` : sources.join(", ");
}
