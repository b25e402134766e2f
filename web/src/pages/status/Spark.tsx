import classes from "./Status.module.css";

const width = 240;
const height = 30;

/** A line of seconds over time, at least one second high so that noise does not look like trouble. */
export function Spark({ values, label }: { values: readonly number[]; label: string }) {
  const top = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = (values.length === 1 ? [values[0] ?? 0, values[0] ?? 0] : values).map((v, i) => `${values.length === 1 ? i * width : i * step},${height - 2 - (v / top) * (height - 4)}`);
  return (
    <svg className={classes.spark} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <polyline points={points.join(" ")} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
