import { isBoolean, useStored } from "../../settings/useStored.ts";

/** How rows look in this browser: long values on more lines, and rows closer together. */
export function useRowLook() {
  const [wrap, setWrap] = useStored("events.wrap", false, isBoolean);
  const [dense, setDense] = useStored("events.dense", false, isBoolean);
  return { wrap, setWrap, dense, setDense };
}
