import { Link } from "@tanstack/react-router";
import classes from "./Shell.module.css";

/** The mark, and the name beside it where there is room. */
export function Brand({ narrow = false }: { narrow?: boolean }) {
  return (
    <Link to="/" className={classes.brand} aria-label="actiontrail">
      <img src="/icon.svg" width={24} height={24} alt="" />
      {!narrow && <span>actiontrail</span>}
    </Link>
  );
}
