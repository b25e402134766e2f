import { Stack } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { Followers } from "./Followers.tsx";
import { Imports } from "./Imports.tsx";
import { Refused } from "./Refused.tsx";
import classes from "./Status.module.css";
import type { Sample } from "./useStatus.ts";

/** The parts of the server, each with its figures. */
export function Overview({ status, samples }: { status: Schemas["Status"]; samples: readonly Sample[] }) {
  const t = useT();
  const format = useFormat();
  const { index, stream, disk, configuration, leader, agents } = status;
  return (
    <Stack gap="sm">
      {disk.full && (
        <p className={classes.alarm} role="alert">
          {t("status.diskFull")}
        </p>
      )}
      {configuration.lastError && (
        <div className={classes.alarm} role="alert">
          {t("status.configurationWrong")}
          <pre className={classes.pre}>{configuration.lastError}</pre>
        </div>
      )}
      {index.damaged.length > 0 && (
        <div className={classes.alarm} role="alert">
          {t("status.damagedHint")}
          <ul className={classes.plain}>
            {index.damaged.map((d) => (
              <li key={d}>{d}</li>
            ))}
          </ul>
        </div>
      )}
      <div className={classes.two}>
        <Part title={t("status.index")}>
          <Fact name={t("status.events")}>{format.number(index.events)}</Fact>
          <Fact name={t("status.bytes")}>{format.bytes(index.bytes)}</Fact>
          <Fact name={t("status.segments")}>{format.number(index.segments)}</Fact>
          <Fact name={t("status.oldest")}>{index.oldest ? format.time(new Date(index.oldest)) : t("status.none")}</Fact>
          <Fact name={t("status.newest")}>{index.newest ? format.time(new Date(index.newest)) : t("status.none")}</Fact>
          <Fact name={t("status.damaged")} tone={index.damaged.length > 0 ? "bad" : undefined}>
            {format.number(index.damaged.length)}
          </Fact>
          <Fact wide name={t("status.merging")}>
            {index.merging ?? t("status.nothing")}
          </Fact>
        </Part>
        <Part title={t("status.stream")}>
          <Fact name={t("status.messages")}>{format.number(stream.messages)}</Fact>
          <Fact name={t("status.bytes")}>{stream.maxBytes > 0 ? t("status.bytesOf", { n: format.bytes(stream.bytes), all: format.bytes(stream.maxBytes) }) : format.bytes(stream.bytes)}</Fact>
          <Fact name={t("status.places")}>{`${format.number(stream.firstSeq)} – ${format.number(stream.lastSeq)}`}</Fact>
          <Fact name={t("status.diskFree")} tone={disk.full ? "bad" : undefined}>
            {format.bytes(disk.free)}
          </Fact>
          <Fact name={t("status.agentsLive")} tone={agents.silent > 0 ? "bad" : undefined}>
            {t("status.agentsOf", { live: agents.live, silent: agents.silent })}
          </Fact>
        </Part>
      </div>
      <Followers all={status.followers} samples={samples} />
      <Imports />
      <Refused />
      <Part title={t("status.server")}>
        <Fact name={t("status.version")}>{status.version}</Fact>
        <Fact name={t("status.started")}>{format.time(new Date(status.startedAt))}</Fact>
        {leader && (
          <Fact name={t("status.leader")}>{leader.here ? t("status.leaderHere") : leader.name || t("status.leaderNobody")}</Fact>
        )}
        <Fact name={t("status.loaded")}>{configuration.loadedAt ? format.time(new Date(configuration.loadedAt)) : format.time(new Date(status.startedAt))}</Fact>
        {configuration.needsRestart.length > 0 && (
          <Fact wide name={t("status.needsRestart")} tone="warn">
            {configuration.needsRestart.join(", ")}
          </Fact>
        )}
        <Fact wide name={t("status.hash")}>
          <span className="mono">{configuration.hash}</span>
        </Fact>
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Surface className={classes.card} aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      <Facts>{children}</Facts>
    </Surface>
  );
}
