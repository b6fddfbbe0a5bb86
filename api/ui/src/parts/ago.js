// How long ago something was, drawn again as time goes on.
import { slowTick } from "../clock.js";
import { ago } from "../format.js";

/** @param {{ moment: string | null | undefined }} props */
export function Ago({ moment }) {
  slowTick.value;
  return ago(moment);
}
