// The types are those of the package.
export { default } from "htm";
