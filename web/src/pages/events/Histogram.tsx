import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./Histogram.module.css";
import { stack, type Layer } from "./layers.ts";

interface Props {
  data: Schemas["Histogram"];
  onZoom: (from: Date, to: Date) => void;
}

const height = 112;

/** Bars of events over time, one upon the other; a span that is drawn over them is zoomed into. */
export function Histogram({ data, onZoom }: Props) {
  const t = useT();
  const format = useFormat();
  const scheme = useComputedColorScheme("light");
  const { ref, width } = useElementSize<HTMLDivElement>();
  const plot = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const room = useRef(width);
  const [hovered, setHovered] = useState<{ index: number; left: number } | null>(null);
  const measured = width > 0;
  useEffect(() => {
    room.current = width;
  }, [width]);
  const layers = stack(data, { ok: t("events.ok"), failed: t("events.failed"), other: t("events.other") });

  useEffect(() => {
    const at = plot.current;
    if (!at || !measured) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const xs = data.buckets.map((b) => Date.parse(b.start) / 1000);
    const inZone = (s: number) => (format.zone === "utc" ? uPlot.tzDate(new Date(s * 1000), "UTC") : new Date(s * 1000));
    // Bars stand on their begin and are as wide as their step, with a hair between.
    const bars = uPlot.paths.bars?.({ size: [1, Infinity], gap: 1, align: 1 });
    const axis = { stroke: colour("--at-dim"), font: "11px 'Inter Variable', sans-serif", ticks: { show: false } };
    const drawn = new uPlot(
      {
        width: room.current,
        height,
        padding: [6, 8, 0, 0],
        legend: { show: false },
        tzDate: inZone,
        scales: { x: { time: true, range: [Date.parse(data.from) / 1000, Date.parse(data.to) / 1000] }, y: { range: (_, __, most) => [0, Math.max(most * 1.08, 4)] } },
        cursor: { y: false, drag: { x: true, y: false, setScale: false, dist: 4 }, points: { show: false } },
        axes: [
          { ...axis, size: 24, grid: { show: false }, values: axisTimes(inZone) },
          { ...axis, size: 46, space: 34, grid: { stroke: colour("--at-line"), width: 1 }, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? format.short(n) : "")) },
        ],
        series: [{}, ...layers.map((l) => ({ fill: l.variable.startsWith("--") ? colour(l.variable) : l.variable, width: 0, paths: bars, points: { show: false } }))],
        hooks: {
          setCursor: [(u) => setHovered(u.cursor.idx != null && u.cursor.left != null && u.cursor.left >= 0 ? { index: u.cursor.idx, left: u.cursor.left } : null)],
          setSelect: [
            (u) => {
              if (u.select.width < 4) return;
              const step = data.intervalSeconds;
              const from = Math.floor(u.posToVal(u.select.left, "x") / step) * step;
              const to = Math.ceil(u.posToVal(u.select.left + u.select.width, "x") / step) * step;
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              onZoom(new Date(from * 1000), new Date(to * 1000));
            },
          ],
        },
      },
      [xs, ...layers.map((l) => l.tops)],
      at,
    );
    chart.current = drawn;
    return () => {
      chart.current = null;
      drawn.destroy();
    };
    // layers are made of data anew at each render.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [data, measured, format, scheme, onZoom]);
  useEffect(() => {
    if (chart.current && chart.current.width !== width) chart.current.setSize({ width, height });
  }, [width]);

  const bucket = hovered && data.buckets[hovered.index];
  return (
    <div ref={ref} className={classes.box}>
      <div ref={plot} role="img" aria-label={`${t("events.histogram")}: ${format.number(data.total)}`} />
      {hovered && bucket && <Hover bucket={bucket.start} index={hovered.index} left={hovered.left} width={width} layers={layers} />}
    </div>
  );
}

/** Hours and days on the axis, in the 24 hours of the rest of the page. */
function axisTimes(inZone: (seconds: number) => Date) {
  const day = uPlot.fmtDate("{MM}-{DD}");
  return (_u: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] => {
    const write = uPlot.fmtDate(step >= 86_400 ? "{YYYY}-{MM}-{DD}" : step >= 60 ? "{HH}:{mm}" : "{HH}:{mm}:{ss}");
    return ticks.map((seconds) => {
      const at = inZone(seconds);
      const text = write(at);
      return text === "00:00" ? day(at) : text;
    });
  };
}

function Hover({ bucket, index, left, width, layers }: { bucket: string; index: number; left: number; width: number; layers: readonly Layer[] }) {
  const format = useFormat();
  const far = left > width - 260;
  return (
    <div className={classes.hover} style={far ? { right: width - left - 30 } : { left: left + 60 }}>
      <div className="mono">{format.stamp(bucket)}</div>
      {layers.toReversed().map((layer) => (
        <div key={layer.name} className={classes.line}>
          <span className={classes.swatch} style={{ background: layer.variable.startsWith("--") ? `var(${layer.variable})` : layer.variable }} />
          <span>{layer.name}</span>
          <b className="number">{format.number(layer.counts[index] ?? 0)}</b>
        </div>
      ))}
    </div>
  );
}
