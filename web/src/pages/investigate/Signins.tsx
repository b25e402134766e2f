import { useT } from "../../i18n/LanguageProvider.tsx";
import { allOf, condition } from "../../kql/write.ts";
import { useFormat } from "../../time/useFormat.ts";
import { Surface } from "../../ui/Surface.tsx";
import { useTotal, useValues, type Asked, type Range } from "./asking.ts";
import { Figures } from "./Figures.tsx";
import classes from "./Signins.module.css";
import { ValuesOf } from "./ValuesOf.tsx";

const signin = "eventType: ConsoleSignin";
/** Where records tell of a second factor; docs/format/event.md. */
const told = ["additionalEventData.isMFAChecked", "additionalEventData.mfaChecked", "userIdentity.sessionContext.attributes.mfaAuthenticated"];
const anyOf = (value: string | null) => told.map((field) => condition(field, value)).join(" or ");

/** How somebody signed in: how often, how well secured, and from where. Nothing is shown where nobody did. */
export function Signins({ asked, past, places }: { asked: Asked; past: Range | undefined; places: "ip" | "actor" }) {
  const t = useT();
  const format = useFormat();
  const { query, range } = asked;
  const kinds = useValues("eventType", { query: allOf([query, "eventType: (ConsoleSignin or ConsoleSignout)"]), range });
  const count = (type: string) => kinds.data?.values.find((v) => v.value === type)?.count ?? 0;
  const ins = count("ConsoleSignin");
  const outs = count("ConsoleSignout");
  const more = (part: string) => (ins > 0 ? { query: allOf([query, signin, part]), range } : null);
  const failed = useTotal(more("errorCode: *"));
  const known = useTotal(more(`not errorCode: * and (${anyOf(null)})`));
  const secured = useTotal(more(`not errorCode: * and (${anyOf("true")})`));
  if (ins + outs === 0) return null;
  const share = known.data === undefined || secured.data === undefined ? undefined : known.data === 0 ? "–" : format.percent(secured.data / known.data);
  return (
    <Surface className={classes.signins} aria-label={t("investigate.signins")}>
      <h2 className={classes.title}>{t("investigate.signins")}</h2>
      <div className={classes.parts}>
        <Figures
          flat
          label={t("investigate.signins")}
          figures={[
            { name: t("investigate.signinCount"), value: format.number(ins) },
            { name: t("investigate.failures"), value: ins === 0 ? "0" : failed.data === undefined ? undefined : format.number(failed.data), detail: failed.data ? format.percent(failed.data / ins) : undefined, bad: Boolean(failed.data) },
            { name: t("investigate.mfa"), value: ins === 0 ? "–" : share, detail: known.data === 0 ? t("investigate.mfaUntold") : known.data && t("investigate.mfaOf", { n: format.number(known.data) }) || undefined },
            { name: t("investigate.signoutCount"), value: format.number(outs) },
          ]}
        />
        {ins > 0 && (
          <div className={classes.places}>
            <ValuesOf
              title={t(places === "ip" ? "investigate.signinPlaces" : "investigate.signinActors")}
              field={places === "ip" ? "sourceIpAddress" : "userIdentity.userName"}
              asked={{ query: allOf([query, signin]), range }}
              past={past}
              limit={5}
            />
          </div>
        )}
      </div>
    </Surface>
  );
}
