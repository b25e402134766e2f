import { useMantineColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useZone } from "../time/zone.ts";
import { pages } from "./pages.ts";
import { typing } from "./typing.ts";

/** The keys that hold on every page: g and a letter goes to a page, ? shows the sheet. */
export function useGlobalKeys(onSheet: () => void): void {
  const navigate = useNavigate();
  const [zone, setZone] = useZone();
  const { toggleColorScheme } = useMantineColorScheme();
  const going = useRef(0); // when g was pressed
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event)) return;
      const page = pages.find((p) => p.key === event.key);
      if (event.timeStamp - going.current < 1500 && page) {
        going.current = 0;
        event.preventDefault();
        void navigate({ to: page.to });
        return;
      }
      going.current = event.key === "g" ? event.timeStamp : 0;
      if (event.key === "?") onSheet();
      if (event.key === "u") setZone(zone === "utc" ? "local" : "utc");
      if (event.key === "T") toggleColorScheme();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, onSheet, setZone, zone, toggleColorScheme]);
}
